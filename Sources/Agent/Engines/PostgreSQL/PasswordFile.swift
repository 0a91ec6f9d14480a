import Domain
import Foundation
import Glibc

/// A password for libpq as a file that has no name: made 0600, unlinked at once, and reached by the tools through this
/// process's `/proc/<pid>/fd`.
///
/// Chosen over `PGPASSWORD`, which every process below inherits and which lies in core dumps and `/proc/<pid>/environ`, and
/// over a named file, which a killed agent would leave behind.
final class PasswordFile: Sendable {
    private let descriptor: Descriptor

    /// Valid for child processes of the same user while this object lives.
    let path: String

    init(password: String) throws(BackupError) {
        // In memory where there is such a place, so that the password meets no disk.
        let folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm/" : NSTemporaryDirectory()
        var template = Array("\(folder)/holdfast-XXXXXX".utf8CString)
        let number = mkstemp(&template)
        guard number >= 0 else {
            throw BackupError(.busy, "making a file for the database password in \(folder): errno \(errno)")
        }
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        descriptor = Descriptor(adopting: number)
        unlink(template)
        path = "/proc/\(getpid())/fd/\(number)"
        let escaped = password.replacing(scalar: "\\", with: "\\\\").replacing(scalar: ":", with: "\\:")
        do {
            try Array("*:*:*:*:\(escaped)\n".utf8).withUnsafeBytes { try descriptor.write($0) }
        } catch {
            throw BackupError(.busy, "writing the database password for libpq", cause: error)
        }
    }
}
