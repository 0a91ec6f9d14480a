/// Bytes that are filled once and then sent, perhaps several times, without being copied again.
///
/// The memory is taken at once but costs nothing before it is written. The pattern is: one thread fills, hands over,
/// and another sends; never both at once.
// @unchecked Sendable: the memory has one user at a time by the pattern above; who hands a buffer to another thread
// does so through something that orders memory (a lock, a semaphore, the start of a thread).
package final class TransferBuffer: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    package private(set) var count = 0

    /// Room for `capacity` bytes.
    package init(capacity: Int) {
        memory = .allocate(byteCount: max(capacity, 1), alignment: 16)
    }

    deinit { memory.deallocate() }

    package var capacity: Int { memory.count }
    package var isFull: Bool { count == memory.count }

    /// Takes as many of the bytes as there is room for, and says how many.
    package func append(_ bytes: UnsafeRawBufferPointer) -> Int {
        let taken = min(bytes.count, memory.count - count)
        guard taken > 0 else { return 0 }
        UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + taken])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<taken]))
        count += taken
        return taken
    }

    /// Empty again; the memory stays.
    package func clear() { count = 0 }

    /// What has been filled in. Valid only during `body`.
    package func withBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
    }
}
