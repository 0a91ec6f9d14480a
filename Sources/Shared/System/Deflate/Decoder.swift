/// Turns compressed bytes back into plain ones, piece by piece, on the caller's thread.
///
/// Give it a chunk, take plain bytes until there are none, give it the next; at the end call ``finish()``, which alone says
/// that the stream was whole. What it hands out is its own memory, valid until the next call. Several gzip members or
/// zstd frames in a row are one stream; anything else after the end is an error. It never needs more than a few
/// megabytes for gzip and 128 MiB for zstd, whatever the bytes say (P10); how much comes out is for the caller to limit.
///
/// Not Sendable: one thread.
package final class Decoder {
    private let engine: any DecodingEngine
    private var input = UnsafeRawBufferPointer(start: nil, count: 0)

    /// The level does not matter here.
    package init(_ codec: Codec) throws(DeflateError) {
        switch codec {
        case .gzip: engine = GzipDecodingEngine()
        case .zstd: engine = try ZstdDecodingEngine()
        case .none: engine = PlainDecodingEngine()
        }
    }

    /// The next compressed bytes; they must stay valid until ``next()`` returned nil.
    package func give(_ bytes: UnsafeRawBufferPointer) {
        assert(input.isEmpty, "the last chunk was not used up")
        input = bytes
    }

    /// The next plain bytes, never empty; nil when more input is needed. Throws `damaged` or `trailing`.
    package func next() throws(DeflateError) -> UnsafeRawBufferPointer? { try engine.next(from: &input) }

    /// The input is over. Throws `truncated` when the stream is not.
    package func finish() throws(DeflateError) { try engine.finish() }
}

/// One library's way of decoding. ``next(from:)`` moves the start of `input` past what it used.
protocol DecodingEngine: AnyObject {
    func next(from input: inout UnsafeRawBufferPointer) throws(DeflateError) -> UnsafeRawBufferPointer?
    func finish() throws(DeflateError)
}

/// Hands the bytes through.
final class PlainDecodingEngine: DecodingEngine {
    func next(from input: inout UnsafeRawBufferPointer) throws(DeflateError) -> UnsafeRawBufferPointer? {
        guard !input.isEmpty else { return nil }
        defer { input = UnsafeRawBufferPointer(start: nil, count: 0) }
        return input
    }

    func finish() throws(DeflateError) {}
}
