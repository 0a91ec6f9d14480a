import Domain
import Glibc
import SystemPackage

/// Bytes for a child that wants them in a file, which has no name: nothing is left of it when this process ends, however it ends.
struct UnnamedFile {
    private let file: Descriptor

    init(_ bytes: [UInt8]) throws(BackupError) {
        // Of glibc's, opened with O_TMPFILE where the file system has that, and else unlinked at once.
        guard let stream = tmpfile() else {
            throw BackupError(.storageRefused, "making a file without a name in /tmp: errno \(errno)")
        }
        defer { fclose(stream) }
        let number = fcntl(fileno(stream), F_DUPFD_CLOEXEC, 0)
        guard number >= 0 else { throw BackupError(.busy, "making a file without a name: errno \(errno)") }
        file = Descriptor(adopting: number)
        do { try bytes.withUnsafeBytes { try file.write($0) } } catch {
            throw BackupError(.storageRefused, "writing a file in /tmp", cause: error)
        }
    }

    /// Where a child of ours finds it, for as long as this is kept.
    var path: String { "/proc/\(getpid())/fd/\(file.file.rawValue)" }
}
