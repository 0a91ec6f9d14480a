package import Domain
package import Foundation
import Glibc

/// A file that is either the old one or the new one, whatever happens in between: power loss, a full disk, a kill.
package enum AtomicFile {
    /// Writes beside, syncs, renames, syncs the folder. What stood at `path` (a link too) is replaced, never followed.
    ///
    /// `mode` is the new file's, whatever the umask. Throws `.storageRefused` when the disk is full; the old file then
    /// still stands and nothing is left behind.
    package static func write(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws(BackupError) {
        let folder = folder(of: path)
        let mark = String(UInt64.random(in: .min ... .max), radix: 36)
        let beside = "\(folder)/.\((path as NSString).lastPathComponent).\(mark).tmp"
        let file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard file >= 0 else { throw systemError("making a file beside", path: path) }
        do throws(BackupError) {
            defer { close(file) }
            guard fchmod(file, mode) == 0 else { throw systemError("setting the mode of", path: path) }
            try write(bytes, to: file, path: path)
            guard fsync(file) == 0 else { throw systemError("syncing", path: path) }
        } catch {
            unlink(beside)
            throw error
        }
        guard rename(beside, path) == 0 else {
            let reason = errno
            unlink(beside)
            throw systemError("renaming to", path: path, errno: reason)
        }
        try syncFolder(folder)
    }

    /// Removes what writers that were killed left beside the files of a folder, last written before `time`.
    package static func sweep(_ folder: String, olderThan time: Date) {
        // A folder that is not there holds nothing; a file that stays is in nobody's way.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.wholeMatch(of: /\..+\.[0-9a-z]{1,13}\.tmp/) != nil {
            var facts = stat()
            let path = "\(folder)/\(name)"
            guard lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, facts.st_uid == geteuid(),
                Date(timeIntervalSince1970: Double(facts.st_mtim.tv_sec)) < time
            else { continue }
            unlink(path)
        }
    }

    /// Reads a whole file that must not be a link. Throws `.notFound`, or `.configuration` when it is larger than `limit` bytes.
    package static func read(_ path: String, limit: Int) throws(BackupError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw systemError("opening", path: path) }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw systemError("reading", path: path) }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw BackupError(.configuration, "\(path) is not a regular file")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw systemError("reading", path: path) }
            guard count > 0 else { return bytes }
            bytes += buffer.prefix(count)
            guard bytes.count <= limit else {
                throw BackupError(.configuration, "\(path) is larger than the \(limit) bytes that are accepted")
            }
        }
    }

    private static func write(_ bytes: [UInt8], to file: Int32, path: String) throws(BackupError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw systemError("writing", path: path) }
            rest = rest.dropFirst(count)
        }
    }

    private static func syncFolder(_ folder: String) throws(BackupError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError("opening the folder", path: folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw systemError("syncing the folder", path: folder) }
    }

    private static func folder(of path: String) -> String {
        let folder = (path as NSString).deletingLastPathComponent
        return folder.isEmpty ? "." : folder
    }
}
