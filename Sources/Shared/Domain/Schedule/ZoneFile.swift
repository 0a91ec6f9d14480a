/// A compiled zone of the IANA database (TZif, RFC 9636): the changes of its offset that are listed, and the rule for all times
/// after them.
struct ZoneFile: Sendable {
    private var times: [Int] = []
    /// The offset from each of `times` on.
    private var offsets: [Int] = []
    private let first: Int
    private let rule: ZoneFooter?

    /// Nil for anything that is no such file, and for one that counts leap seconds.
    init?(_ bytes: [UInt8]) {
        guard let old = Header(bytes, at: 0) else { return nil }
        var (header, start, width) = (old, 44, 4)
        if old.version >= 2 {
            guard let new = Header(bytes, at: 44 + old.length(width: 4)) else { return nil }
            (header, start, width) = (new, 88 + old.length(width: 4), 8)
        }
        guard header.leaps == 0, header.types > 0, bytes.count >= start + header.length(width: width) else {
            return nil
        }
        func number(_ position: Int, _ width: Int) -> Int {
            let bits = bytes[position..<position + width].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return width == 8 ? Int(truncatingIfNeeded: bits) : Int(Int32(truncatingIfNeeded: bits))
        }
        let indexes = start + header.times * width
        let types = indexes + header.times
        let utc = (0..<header.types).map { number(types + $0 * 6, 4) }
        // No zone was ever further from UTC than this.
        guard utc.allSatisfy({ abs($0) <= 26 * 3600 }) else { return nil }
        for position in 0..<header.times {
            let time = number(start + position * width, width)
            let type = Int(bytes[indexes + position])
            guard type < utc.count, times.last.map({ $0 < time }) ?? true else { return nil }
            times.append(time)
            offsets.append(utc[type])
        }
        first = utc[0]
        let footer = bytes[(start + header.length(width: width))...]
        guard old.version >= 2 else {
            rule = nil
            return
        }
        guard footer.first == UInt8(ascii: "\n"), footer.last == UInt8(ascii: "\n"), footer.count >= 2 else {
            return nil
        }
        let text = String(decoding: footer.dropFirst().dropLast(), as: UTF8.self)
        rule = ZoneFooter(text)
        // One that is not understood would be wrong from some day on.
        guard text.isEmpty || rule != nil else { return nil }
    }

    /// Local time minus UTC at an instant in seconds since 1970.
    func offset(at instant: Int) -> Int {
        guard let last = times.last, instant < last else { return rule?.offset(at: instant) ?? offsets.last ?? first }
        // The first change that is later than the instant.
        var (low, high) = (0, times.count)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] <= instant { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : offsets[low - 1]
    }

    private struct Header {
        let version: Int
        let leaps: Int
        let times: Int
        let types: Int
        private let characters: Int
        private let marks: Int

        init?(_ bytes: [UInt8], at start: Int) {
            guard bytes.count >= start + 44, bytes[start..<start + 4].elementsEqual("TZif".utf8) else { return nil }
            func count(_ index: Int) -> Int {
                bytes[(start + 20 + index * 4)...].prefix(4).reduce(0) { $0 << 8 | Int($1) }
            }
            version = max(1, Int(bytes[start + 4]) - 48)
            (marks, leaps, times, types, characters) = (count(0) + count(1), count(2), count(3), count(4), count(5))
            // A file is some kilobytes; what is larger is no zone.
            guard [marks, leaps, times, types, characters].allSatisfy({ $0 <= 1 << 16 }) else { return nil }
        }

        /// Of what follows the header, in bytes.
        func length(width: Int) -> Int { times * (width + 1) + types * 6 + characters + leaps * (width + 4) + marks }
    }
}
