package import Domain
import Foundation
import Glibc

/// A folder that only this user may enter.
package enum PrivateDirectory {
    /// Makes the folder (and those above it) when it is not there, and sees to it that it is 0700.
    ///
    /// Throws `.configuration` when it is a link or no folder, belongs to another user, or could be written to by others:
    /// then something may already lie in it that we did not put there.
    package static func ensure(_ path: String) throws(BackupError) {
        try make(path)
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            let reason = errno
            guard reason == ELOOP || reason == ENOTDIR else {
                throw systemError("opening the folder", path: path, errno: reason)
            }
            throw BackupError(.configuration, "\(path) is a link or not a folder: name the folder itself")
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw systemError("examining", path: path) }
        guard facts.st_uid == geteuid() else {
            throw BackupError(
                .configuration,
                "\(path) belongs to user \(facts.st_uid), and this process runs as \(geteuid()): run it as the owner, "
                    + "or name another folder")
        }
        guard facts.st_mode & 0o022 == 0 else {
            throw BackupError(
                .configuration,
                "\(path) can be written to by other users: look through it, then `chmod 700` it, or name another folder"
            )
        }
        guard facts.st_mode & 0o777 == 0o700 || fchmod(descriptor, 0o700) == 0 else {
            throw systemError("setting the mode of", path: path)
        }
    }

    private static func make(_ path: String, mode: mode_t = 0o700) throws(BackupError) {
        if mkdir(path, mode) == 0 { return }
        let reason = errno
        guard reason != EEXIST else { return }
        let above = (path as NSString).deletingLastPathComponent
        guard reason == ENOENT, !above.isEmpty, above != path else {
            throw systemError("making the folder", path: path, errno: reason)
        }
        try make(above, mode: 0o755)
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw systemError("making the folder", path: path) }
    }
}
