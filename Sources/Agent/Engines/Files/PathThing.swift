package import Domain
import Glibc

/// Files and folders that a restore made or set aside.
package enum PathThing {
    /// What marks the file or folder at a path; nil when there is nothing.
    package static func mark(_ path: String) -> String? {
        FileIdentity(ofLink: path).map { "\($0.device):\($0.inode)" }
    }

    /// Blocks. One without a mark was killed before it was written to, and is ours only as long as it is empty.
    package static func look(at thing: RestoreThing) -> RestoreThing.State {
        guard let there = FileIdentity(ofLink: thing.name), thing.kind == .folder ? there.isFolder : there.isRegularFile
        else { return .gone }
        if let mark = thing.mark {
            guard mark == "\(there.device):\(there.inode)" else { return .gone }
        } else {
            guard thing.kind == .folder ? FileTree.isEmpty(thing.name) : there.bytes == 0 else { return .gone }
        }
        guard thing.kind == .folder else {
            let bytes = companions.compactMap { FileIdentity(ofLink: thing.name + $0)?.bytes }.reduce(there.bytes, +)
            let users = OpenFiles.users(of: thing.name)
            return .there(
                bytes: bytes, obstacle: users.isEmpty ? nil : "it is in use by \(users.joined(separator: ", "))")
        }
        var (bytes, obstacle): (Int64, String?) = (0, nil)
        do throws(BackupError) {
            // What is in folders that are closed to us is left out of the sum.
            try FileTree.walk(
                Array(thing.name.utf8), skipsUnreadable: true,
                before: { entry in
                    var facts = stat()
                    guard fstatat(entry.folder, entry.name, &facts, AT_SYMLINK_NOFOLLOW) == 0 else {
                        obstacle = obstacle ?? "\(entry.text) in it cannot be looked at"
                        return
                    }
                    bytes += Int64(facts.st_blocks) * 512
                    guard UInt64(facts.st_dev) != there.device, obstacle == nil else { return }
                    obstacle = "another file system is mounted in it, at \(entry.text)"
                })
        } catch {
            // Then nobody knows what is in it, or mounted there.
            obstacle = obstacle ?? error.message
        }
        return .there(bytes: bytes, obstacle: obstacle)
    }

    /// What SQLite keeps beside a database.
    private static let companions = ["-wal", "-shm", "-journal"]

    /// Removes what ``look(at:)`` finds there. Blocks. Throws `.busy` for what is in use, and `.storageRefused`.
    package static func remove(_ thing: RestoreThing) throws(BackupError) {
        guard case .there(_, let obstacle) = look(at: thing) else { return }
        if let obstacle { throw BackupError(.busy, "\(thing.words): \(obstacle)") }
        if thing.kind == .folder {
            FileTree.remove(thing.name)
        } else {
            for suffix in companions + [""] { unlink(thing.name + suffix) }
        }
        guard look(at: thing) == .gone else {
            throw BackupError(
                .storageRefused,
                "\(thing.words) could not all be removed: remove it as the user that it belongs to, or as root")
        }
    }
}
