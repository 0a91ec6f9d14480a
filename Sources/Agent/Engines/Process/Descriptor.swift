package import Domain
import Glibc
import Synchronization
import SystemPackage

/// Owns one descriptor: closed once, at the latest when the last reference goes. One thread at a time reads or writes.
package final class Descriptor: Sendable {
    private let number: Mutex<Int32>

    package init(adopting number: Int32) { self.number = Mutex(number) }

    deinit { close() }

    /// Nothing to read, and room for everything.
    static func null() throws(BackupError) -> Descriptor {
        do {
            return try Descriptor(
                adopting: FileDescriptor.open("/dev/null", .readWrite, options: .closeOnExec).rawValue)
        } catch {
            throw BackupError(.bug, "opening /dev/null", cause: error)
        }
    }

    /// A pipe with room for 1 MiB where the kernel allows that, so that both sides run in long strides.
    package static func pipe() throws(BackupError) -> (reader: Descriptor, writer: Descriptor) {
        do {
            let ends = try FileDescriptor.pipe(options: .closeOnExec)
            let setPipeSize: Int32 = 1031  // F_SETPIPE_SZ; a refusal leaves the usual 64 KiB
            _ = fcntl(ends.writeEnd.rawValue, setPipeSize, 1 << 20)
            return (Descriptor(adopting: ends.readEnd.rawValue), Descriptor(adopting: ends.writeEnd.rawValue))
        } catch {
            throw BackupError(.busy, "making a pipe to a child process", cause: error)
        }
    }

    /// For handing to a child; -1 once closed.
    var file: FileDescriptor { FileDescriptor(rawValue: number.withLock { $0 }) }

    /// The number, which whoever takes it closes.
    func handedOver() -> Int32 {
        number.withLock { number in
            defer { number = -1 }
            return number
        }
    }

    package func close() {
        let closing = handedOver()
        // What close says matters after writing to a file only, and those are fsynced before.
        if closing >= 0 { try? FileDescriptor(rawValue: closing).close() }
    }

    /// Writes everything, blocking. Throws `Errno`; `.brokenPipe` when the reader has gone, without a SIGPIPE if the
    /// thread holds that back (``withoutBrokenPipeSignal(_:)``).
    func write(_ bytes: UnsafeRawBufferPointer) throws(Errno) {
        let file = file
        var rest = bytes[...]
        while !rest.isEmpty {
            do {
                rest = rest.dropFirst(try file.write(UnsafeRawBufferPointer(rebasing: rest)))
            } catch {
                throw error as? Errno ?? .ioError
            }
        }
    }

    /// Reads until the end and hands out pieces. A writer that outlives the child which should have ended the stream
    /// does not hold this up: once `abandoned` is stopped, what lies in the pipe is read and no more waited for.
    func readToEnd(
        abandoned: StopSignalView, _ piece: (UnsafeRawBufferPointer) throws(BackupError) -> Void
    ) throws(BackupError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        let file = file
        while true {
            guard waitReadable(file.rawValue, unless: abandoned) else { return }
            let count: Int
            do {
                count = try file.read(into: buffer)
            } catch {
                throw BackupError(.bug, "reading from a child process", cause: error)
            }
            if count == 0 { return }
            try piece(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    private func waitReadable(_ number: Int32, unless abandoned: StopSignalView) -> Bool {
        while true {
            let late = abandoned()
            var watched = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            let ready = poll(&watched, 1, late ? 0 : 100)
            if ready > 0 { return true }
            if ready == 0, late { return false }
            if ready < 0, errno != EINTR { return false }
        }
    }
}

/// Looked at between waits.
typealias StopSignalView = @Sendable () -> Bool

/// Holds SIGPIPE back on the calling thread, so that writing to a child which has gone is an error and not the end of
/// this process. The thread is one of ours and ends soon after.
func withoutBrokenPipeSignal<Value, Failure: Error>(_ work: () throws(Failure) -> Value) throws(Failure) -> Value {
    var broken = sigset_t()
    sigemptyset(&broken)
    sigaddset(&broken, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &broken, nil)
    return try work()
}
