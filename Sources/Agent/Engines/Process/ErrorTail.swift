/// What a tool wrote to its standard error, bounded: the first 4 KiB, where the cause stands, and the last 12 KiB.
struct ErrorTail: Sendable {
    private static let headLimit = 4 << 10
    private static let tailLimit = 12 << 10

    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    private var dropped = 0

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        let room = min(Self.headLimit - head.count, bytes.count)
        head.append(contentsOf: bytes[..<room])
        tail.append(contentsOf: bytes[room...])
        if tail.count > 2 * Self.tailLimit { trim() }
    }

    private mutating func trim() {
        let excess = max(0, tail.count - Self.tailLimit)
        tail.removeFirst(excess)
        dropped += excess
    }

    /// As text, with each of `secrets` replaced.
    func text(hiding secrets: [String]) -> String {
        var copy = self
        copy.trim()
        let gap = copy.dropped > 0 ? Array("\n[… \(copy.dropped) bytes left out …]\n".utf8) : []
        var text = String(decoding: copy.head + gap + copy.tail, as: UTF8.self)
        for secret in secrets where !secret.isEmpty {
            text = text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "[hidden]")
        }
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }
}
