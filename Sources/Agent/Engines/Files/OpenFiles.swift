import Domain
import Foundation
import Glibc
import SystemPackage

/// Which programs have a SQLite database open.
enum OpenFiles {
    /// Words for the operator, one for each program that is seen.
    ///
    /// `/proc/*/fd` shows the programs of the same user, and all to root. The locks that programs of other users hold on
    /// the file or, in WAL mode for as long as it is open, on its `-shm` are seen by everyone.
    static func users(of path: String) -> [String] {
        var found = processes(with: path)
        if found.isEmpty, let file = FileIdentity(at: path) {
            // It throws only what the closure does.
            _ = try? SQLiteUse.unlessOpen(file) { () throws(BackupError) in
                for file in [path, path + "-shm"] {
                    if let pid = lockHolder(of: file), pid != getpid() { found.insert(pid) }
                }
                return false
            }
        }
        return found.sorted().map { "\(name(of: $0)) (pid \($0))" }
    }

    private static func processes(with path: String) -> Set<pid_t> {
        guard let file = FileIdentity(at: path) else { return [] }
        var found: Set<pid_t> = []
        let listing = FileManager.default
        // Processes end and hide while this looks; those have nothing to show.
        for entry in (try? listing.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let pid = pid_t(entry) else { continue }
            let folder = "/proc/\(pid)/fd"
            for number in (try? listing.contentsOfDirectory(atPath: folder)) ?? []
            where file.isSameFile(as: FileIdentity(at: "\(folder)/\(number)")) {
                found.insert(pid)
            }
        }
        return found
    }

    /// The process that would keep a write lock on the whole file from us.
    private static func lockHolder(of path: String) -> pid_t? {
        guard let file = try? FileDescriptor.open(path, .readWrite, options: .closeOnExec) else { return nil }
        defer { try? file.close() }  // nothing was written
        var wish = flock()
        wish.l_type = Int16(F_WRLCK)
        wish.l_whence = Int16(SEEK_SET)
        guard fcntl(file.rawValue, F_GETLK, &wish) == 0, wish.l_type != Int16(F_UNLCK) else { return nil }
        return wish.l_pid
    }

    private static func name(of pid: pid_t) -> String {
        let text = try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)  // may have ended
        return text?.trimmingCharacters(in: .newlines) ?? "a program"
    }
}
