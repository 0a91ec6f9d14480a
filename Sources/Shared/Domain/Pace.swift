/// How fast work goes: bytes over the last seconds, and from that how long it still takes.
package struct Pace: Sendable {
    private var readings: [(bytes: Int64, at: Double)] = []

    /// For so many seconds readings are kept.
    private static let span = 10.0
    private static let most = 64

    package init() {}

    /// So many bytes are done, that many seconds after the beginning.
    package mutating func take(_ bytes: Int64, at time: Double) {
        // Fewer bytes than before: something ended, or was tried again.
        if let last = readings.last, bytes < last.bytes { readings = [] }
        readings.append((bytes, time))
        while readings.count > Self.most || readings.count > 2 && readings[0].at < time - Self.span {
            readings.removeFirst()
        }
    }

    /// `310 MB/s`; empty when that is not known yet.
    package var rate: String {
        guard let first = readings.first, let last = readings.last else { return "" }
        return AmountText.rate(last.bytes - first.bytes, over: last.at - first.at)
    }

    /// `1:05 left` of so many bytes; empty when that cannot be told, or the size turned out to be another.
    package func left(of total: Int64?) -> String {
        guard let first = readings.first, let last = readings.last, let total, last.bytes < total,
            last.bytes > first.bytes, last.at - first.at > 1
        else { return "" }
        let speed = Double(last.bytes - first.bytes) / (last.at - first.at)
        return AmountText.clock((Double(total - last.bytes) / speed).rounded(.up)) + " left"
    }

    /// `1.2 GB of 3.0 GB (40 %)`; without a size that is known, or beyond it, the bytes alone.
    package static func amount(_ bytes: Int64, of total: Int64?) -> String {
        guard let total, total > 0, bytes <= total else { return AmountText.size(bytes) }
        return
            "\(AmountText.size(bytes)) of \(AmountText.size(total)) (\(Int64(Double(bytes) / Double(total) * 100)) %)"
    }
}
