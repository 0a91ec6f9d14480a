/// A fixed piece of memory, lent by a ``BlockPool`` and given back when the last reference goes.
///
/// `@unchecked Sendable`: one thread fills a block, and hands it on through a queue; from then on it is only read.
package final class Block: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    private let pool: BlockPool

    /// How many bytes from the start are filled.
    package private(set) var count = 0

    init(memory: UnsafeMutableRawBufferPointer, pool: BlockPool) {
        self.memory = memory
        self.pool = pool
    }

    deinit { pool.takeBack(memory) }

    package var capacity: Int { memory.count }
    package var isFull: Bool { count == memory.count }

    /// The filled bytes, valid only inside `body`.
    package func withFilled<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
    }

    /// Lets `body` write into the free rest and say how many bytes it wrote there.
    package func fill<Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        defer { withExtendedLifetime(self) {} }
        let written = try body(UnsafeMutableRawBufferPointer(rebasing: memory[count...]))
        precondition(written >= 0 && count + written <= memory.count, "more bytes than the block has")
        count += written
    }

    /// Adds bytes for which there is room.
    package func append(_ bytes: [UInt8]) {
        fill { room in
            room.copyBytes(from: bytes)
            return bytes.count
        }
    }
}
