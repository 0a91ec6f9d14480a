import Glibc

/// Reads what another process writes into a pipe (or any descriptor): in large pieces, into ``Block``s, and never waiting
/// beyond a stop. Owns the descriptor. One thread.
package final class PipeReader {
    /// Why the descriptor could not be read.
    package struct ReadError: Error, CustomStringConvertible {
        package let number: Int32
        package var description: String { String(cString: strerror(number)) }
    }

    package enum Step: Sendable, Equatable { case bytes, end, stopped }

    /// Small enough to be still in the cache when it is looked at.
    private static let largestRead = 256 << 10
    private static let wantedPipe: Int32 = 1 << 20
    // Linux's numbers; the C library hides their names from Swift.
    private static let setPipeSize: Int32 = 1031
    private static let getPipeSize: Int32 = 1032

    private var descriptor: Int32
    private let pipeBytes: Int32

    /// All bytes read so far.
    package private(set) var bytesRead: Int64 = 0

    /// Takes over the descriptor, which must be open for reading and in blocking mode.
    package init(taking descriptor: Int32) {
        self.descriptor = descriptor
        // Fails for what is no pipe, and where the system allows no more: then it stays as it is.
        _ = fcntl(descriptor, Self.setPipeSize, Self.wantedPipe)
        pipeBytes = fcntl(descriptor, Self.getPipeSize)
    }

    deinit { close() }

    /// Closes the descriptor, so that a writer gets `EPIPE`. Harmless when it is closed already.
    package func close() {
        guard descriptor >= 0 else { return }
        _ = Glibc.close(descriptor)
        descriptor = -1
    }

    /// Reads once into the free rest of `block`, which is not full, and shows what came to `look`.
    package func read(
        into block: Block, stop: StopSignal, look: (UnsafeRawBufferPointer) -> Void
    ) throws(ReadError) -> Step {
        guard try waitForBytes(stop) else { return .stopped }
        var got = 0
        try block.fill { (room) throws(ReadError) in
            repeat {
                got = Glibc.read(descriptor, room.baseAddress, min(room.count, Self.largestRead))
            } while got < 0 && errno == EINTR
            guard got >= 0 else { throw ReadError(number: errno) }
            look(UnsafeRawBufferPointer(rebasing: room[..<got]))
            return got
        }
        bytesRead += Int64(got)
        if got > 0 { letPipeFill(after: got) }
        return got > 0 ? .bytes : .end
    }

    /// False when stopped.
    private func waitForBytes(_ stop: StopSignal) throws(ReadError) -> Bool {
        while !stop.isStopped {
            var wish = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&wish, 1, 50)
            if ready > 0 { return true }
            guard ready == 0 || errno == EINTR else { throw ReadError(number: errno) }
        }
        return false
    }

    /// pg_dump writes 4 KiB at a time. To read each at once would wake this thread 250,000 times a gigabyte, on cores that
    /// the dump needs; a pause much shorter than the pipe takes to fill lets a good many come together.
    private func letPipeFill(after got: Int) {
        guard pipeBytes >= Self.wantedPipe, got < Self.largestRead / 2 else { return }
        usleep(1000)
    }
}
