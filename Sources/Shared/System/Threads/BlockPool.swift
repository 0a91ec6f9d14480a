import Glibc

/// The memory that a stage of the data path may use: so many blocks, and not one more (P10). Who wants one when all
/// are lent waits. The memory goes back to the system with the pool and its last block.
///
/// `@unchecked Sendable`: the list of free blocks is touched inside the gate only; the mapping never changes.
package final class BlockPool: @unchecked Sendable {
    /// The system has no memory for the pool.
    package struct OutOfMemory: Error {
        package let bytes: Int
    }

    private let gate = Gate()
    private let stop: StopSignal?
    private let mapping: UnsafeMutableRawBufferPointer
    private var free: [UnsafeMutableRawBufferPointer]

    /// `count` blocks of `capacity` bytes. Untouched blocks cost address space only.
    package init(count: Int, capacity: Int, stop: StopSignal? = nil) throws(OutOfMemory) {
        precondition(count > 0 && capacity > 0, "a pool without memory")
        let page = 4096
        let stride = (capacity + page - 1) / page * page
        // Straight from the system and not from malloc, which would keep it after a backup is long over.
        let start = mmap(nil, count * stride, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let start, start != MAP_FAILED else { throw OutOfMemory(bytes: count * stride) }
        self.stop = stop
        mapping = UnsafeMutableRawBufferPointer(start: start, count: count * stride)
        free = (0..<count).reversed().map {
            UnsafeMutableRawBufferPointer(start: start + $0 * stride, count: capacity)
        }
    }

    deinit { munmap(mapping.baseAddress, mapping.count) }

    /// An empty block, after waiting for one. Nil when stopped. The last one given back is the next one lent: it is
    /// still in the cache.
    package func take() -> Block? {
        let memory: UnsafeMutableRawBufferPointer? = gate.locked {
            gate.wait(stop: stop, until: { !free.isEmpty }) ? free.removeLast() : nil
        }
        return memory.map { Block(memory: $0, pool: self) }
    }

    func takeBack(_ memory: UnsafeMutableRawBufferPointer) {
        gate.locked {
            free.append(memory)
            gate.wakeAll()
        }
    }
}
