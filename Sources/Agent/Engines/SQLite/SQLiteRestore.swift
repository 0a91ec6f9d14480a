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
        if let existing { try Self.refuseForeign(existing, target) }
        let partial = "\(target).\(time).partial"
        let owner = FileIdentity(at: target) ?? FileIdentity(at: engine.path)
        request.trace(.makes(RestoreThing(kind: .file, name: partial)))
        try write(to: partial, like: owner)
        do throws(BackupError) {
            let (checked, failures) = try check(partial)
            try Self.sync(partial)
            request.trace(.loaded)
            if existing != nil, !failures.isEmpty, !request.manner.replacesIncomplete {
                let beside = "\(target)_restored_\(time)"
                _ = try Self.rename(partial, to: beside)
                throw BackupError(
                    .integrity,
                    "not everything of the backup could be restored, so nothing was replaced (--force given twice replaces all the "
                        + "same); what there is lies in \(beside): \(failures.joined(separator: "; "))")
            }
            let kept = "\(target)_before_\(time)"
            if existing == nil, FileIdentity(ofLink: target) != nil {
                throw BackupError(.exists, "\(target) has come into being meanwhile; it was not touched")
            }
            if let mark = PathThing.mark(target) {
                request.trace(.setsAside(RestoreThing(kind: .file, name: kept, mark: mark)))
            }
            let moved = try setAside(target, to: kept)
            do throws(BackupError) {
                guard try Self.rename(partial, to: target) else {
                    throw BackupError(.storageRefused, "\(partial) is gone")
                }
            } catch {
                Self.moveBack(moved, kept, to: target)
                throw error
            }
            try? Self.sync((target as NSString).deletingLastPathComponent)  // a folder that refuses fsync is no loss
            return RestoreOutcome(
                target: target, keptBeside: moved.first.map { kept + $0 },
                checked: checked, failures: failures)
        } catch {
            unlink(partial)
            throw error
        }
    }

    /// What was found, in words, and what is not as it should be, which is a reason to keep it back unless the operator takes what
    /// there is.
    private func check(_ partial: String) throws(BackupError) -> (words: String, failures: [String]) {
        var failures = [request.damage?.told(missing: "The pages behind it are missing")].compactMap(\.self)
        do throws(BackupError) {
            return (try SQLiteCheck.restored(partial, stop: request.stop), failures)
        } catch {
            guard request.damage != nil, error.code == .integrity else { throw error }
            failures.append(
                "\(error.message)\(error.cause.map { ": \($0)" } ?? ""); `sqlite3 FILE .recover | sqlite3 NEW` gets out of it what "
                    + "can be got")
            return ("it is NOT whole", failures)
        }
    }

    /// Whoever is not root can give the new file neither its owner back, nor see who else has the old one open.
    static func refuseForeign(
        _ existing: FileIdentity, _ target: String, user: uid_t = geteuid()
    ) throws(BackupError) {
        guard user == 0 || existing.owner == user else {
            throw BackupError(
                .storageRefused,
                "\(target) belongs to another user, who could not use what this user puts in its place: restore beside, or "
                    + "replace it by `holdfast-agent restore` as root")
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
                partial, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec, .noFollow],
                permissions: .ownerReadWrite)
        } catch {
            throw BackupError(.storageRefused, "making \(partial)", cause: error)
        }
        let output = Descriptor(adopting: file.rawValue)
        defer { output.close() }
        request.trace(.makes(RestoreThing(kind: .file, name: partial, mark: PathThing.mark(partial))))
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
        if request.damage?.words != nil { Self.lengthen(file.rawValue) }
        if let owner {
            // Only root may give a file away; for others it stays theirs.
            _ = fchown(file.rawValue, owner.owner, owner.group)
            fchmod(file.rawValue, owner.mode & 0o777)
        }
    }

    /// SQLite opens no file that is shorter than its first page says: what is missing becomes empty pages, which it calls damaged one
    /// by one, and reads the others.
    private static func lengthen(_ file: Int32) {
        var header = [UInt8](repeating: 0, count: 100)
        guard lseek(file, 0, SEEK_END) >= 100, pread(file, &header, 100, 0) == 100 else { return }
        let pageSize = Int64(header[16]) << 8 | Int64(header[17])
        let pages = header[28..<32].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        let size = (pageSize == 1 ? 65536 : pageSize) * pages
        guard size > lseek(file, 0, SEEK_END), size <= 1 << 40 else { return }
        // A file system that refuses leaves it as short as it is.
        _ = ftruncate(file, Int(size))
    }

    // MARK: names

    /// The database and what SQLite may keep beside it. Left beside a restored file, these would be played into it.
    private static let suffixes = ["", "-wal", "-shm", "-journal"]

    /// Moves away what lies at the target: the database, and its side files also when they were left without it.
    /// Answers with the suffixes of what was there.
    private func setAside(_ target: String, to kept: String) throws(BackupError) -> [String] {
        guard Self.suffixes.contains(where: { FileIdentity(ofLink: target + $0) != nil }) else { return [] }
        let users = OpenFiles.users(of: target)
        guard users.isEmpty else {
            throw BackupError(
                .busy, "\(target) is in use by \(users.joined(separator: ", ")); stop them and restore again")
        }
        var moved: [String] = []
        do throws(BackupError) {
            for suffix in Self.suffixes {
                if try Self.rename(target + suffix, to: kept + suffix) { moved.append(suffix) }
            }
        } catch {
            Self.moveBack(moved, kept, to: target)
            throw error
        }
        return moved
    }

    /// After a failure, whose error is the one to tell. The database last: it must not be found without its log.
    private static func moveBack(_ suffixes: [String], _ kept: String, to target: String) {
        for suffix in suffixes.reversed() { _ = try? rename(kept + suffix, to: target + suffix) }
    }

    /// Never over something: link and unlink, since a plain rename replaces what appeared in the meantime. False when
    /// there is nothing to rename.
    private static func rename(_ from: String, to: String) throws(BackupError) -> Bool {
        guard link(from, to) == 0 else {
            let reason = errno
            if reason == ENOENT { return false }
            let code: BackupError.Code = reason == EEXIST ? .exists : .storageRefused
            throw BackupError(code, "giving \(from) the name \(to): errno \(reason)")
        }
        unlink(from)
        return true
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
