/// How bytes are compressed. A level of nil is the codec's default.
///
/// What it writes opens with stock `gunzip` or `zstd -d`: gzip as one member, zstd as a row of frames.
package enum Codec: Sendable, Equatable {
    /// Levels 1 to 6 and the default by ISA-L, at ten times the speed of zlib; 7 to 9 by zlib, thorough and slow.
    case gzip(level: Int? = nil)
    /// Levels 1 to 19; the default is 3.
    case zstd(level: Int? = nil)
    case none

    /// Throws ``DeflateError`` of kind `level` when the codec has no such level.
    package func checked() throws(DeflateError) -> Codec {
        switch self {
        case .gzip(let level?) where !(1...9).contains(level):
            throw DeflateError(.level, "gzip has levels 1 to 9, not \(level)")
        case .zstd(let level?) where !(1...19).contains(level):
            throw DeflateError(.level, "zstd has levels 1 to 19, not \(level)")
        case .gzip, .zstd, .none: return self
        }
    }

    /// How many plain bytes are compressed at a time, each block by itself.
    ///
    /// Larger blocks compress better and cost memory on every core. Against one whole stream, 1 MiB costs gzip less than
    /// one part in a hundred (its window is 32 KiB), and 2 MiB costs zstd about as much (its window at level 3 is 2 MiB).
    package var blockBytes: Int {
        switch self {
        case .gzip, .none: 1 << 20
        case .zstd: 2 << 20
        }
    }

    /// The most that one block, with the stream's opening before it, can become.
    package var encodedBlockBytes: Int {
        // Stored deflate blocks cost 5 bytes for each 16 KiB at worst, incompressible zstd blocks 3 for each 128 KiB.
        blockBytes + blockBytes >> 10 + 4096
    }
}
