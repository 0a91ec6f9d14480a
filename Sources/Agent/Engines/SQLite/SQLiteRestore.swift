import Domain
import Foundation
import Glibc
import SystemPackage
import Threads

/// One restore of a SQLite file: written beside under `.partial`, checked, and only then given its name. Blocks.
struct SQLiteRestore {
    let engine: SQLiteEngine
    let request: RestoreRequest

    func run() throws(BackupError) -> RestoreOutcome {
        let target = try targetPath()
        let time = Timestamp.compact(request.now)
        let existing = FileIdentity(ofLink: target)
        if existing != nil, !request.replace {
            throw BackupError(.exists, "\(target) is there already; nothing was changed")
        }
        let partial = "\(target).\(time).partial"
        let owner = FileIdentity(at: target) ?? FileIdentity(at: engine.path)
        try write(to: partial, like: owner)
        do throws(BackupError) {
            let tables = try SQLiteCheck.run(.full, on: partial)
            try Self.sync(partial)
            let kept = existing == nil ? nil : try setAside(target, time)
            do throws(BackupError) {
                try Self.rename(partial, to: target)
            } catch {
                if let kept { try? Self.moveAll(kept, to: target) }  // the first error is the one to tell
                throw error
            }
            try? Self.sync((target as NSString).deletingLastPathComponent)  // a folder that refuses fsync is no loss
            return RestoreOutcome(
                target: target, keptBeside: kept, checked: "integrity_check ok, \(tables) tables")
        } catch {
            unlink(partial)
            throw error
        }
    }

    private func targetPath() throws(BackupError) -> String {
        guard let wanted = request.target else {
            return engine.path + "_restored_" + Timestamp.compact(request.now)
        }
        guard wanted.hasPrefix("/"), !wanted.utf8.contains(0) else {
            throw BackupError(.usage, "the path to restore a SQLite database to must be absolute")
        }
        // The file behind a link is replaced, not the link.
        return FileIdentity.realPath(wanted) ?? wanted
    }

    private func write(to partial: String, like owner: FileIdentity?) throws(BackupError) {
        let file: FileDescriptor
        do {
            file = try .open(
                partial, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec, .noFollow],
                permissions: .ownerReadWrite)
        } catch {
            throw BackupError(.storageRefused, "making \(partial)", cause: error)
        }
        let output = Descriptor(adopting: file.rawValue)
        defer { output.close() }
        do throws(BackupError) {
            try request.dump { (bytes) throws(BackupError) in
                guard !request.stop.isStopped else { throw BackupError(.cancelled, "the restore was stopped") }
                do {
                    try output.write(bytes)
                } catch {
                    throw BackupError(.storageRefused, "writing \(partial)", cause: error)
                }
            }
        } catch {
            unlink(partial)
            throw error
        }
        if let owner {
            // Only root may give a file away; for others it stays theirs.
            _ = fchown(file.rawValue, owner.owner, owner.group)
            fchmod(file.rawValue, owner.mode & 0o777)
        }
    }

    // MARK: names

    /// Moves the existing database away with its `-wal`, `-shm` and `-journal`. Answers with where it is now.
    private func setAside(_ target: String, _ time: String) throws(BackupError) -> String {
        let users = OpenFiles.users(of: target)
        guard users.isEmpty else {
            throw BackupError(
                .busy, "\(target) is in use by \(users.joined(separator: ", ")); stop them and restore again")
        }
        let kept = "\(target)_before_\(time)"
        try Self.moveAll(target, to: kept)
        return kept
    }

    private static func moveAll(_ from: String, to: String) throws(BackupError) {
        try rename(from, to: to)
        for suffix in ["-wal", "-shm", "-journal"] where FileIdentity(ofLink: from + suffix) != nil {
            try rename(from + suffix, to: to + suffix)
        }
    }

    /// Never over something: link and unlink, since a plain rename replaces what appeared in the meantime.
    private static func rename(_ from: String, to: String) throws(BackupError) {
        guard link(from, to) == 0 else {
            let code: BackupError.Code = errno == EEXIST ? .exists : .storageRefused
            throw BackupError(code, "giving \(from) the name \(to): errno \(errno)")
        }
        unlink(from)
    }

    private static func sync(_ path: String) throws(BackupError) {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            defer { try? file.close() }  // only read from
            guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            throw BackupError(.storageRefused, "fsync of \(path)", cause: error)
        }
    }
}
