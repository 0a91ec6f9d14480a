package import Domain
package import Foundation
import Glibc
package import Threads

/// One SQLite file, copied by SQLite's online backup while others write.
///
/// The source is opened read-only and never checkpointed by us. A database in WAL mode needs its `-shm` file even for
/// reading: when no program has the database open, SQLite makes `-wal` and `-shm` beside it and leaves them there. That is
/// done only by root or the database's own user, so that its program can use them; for another see ``SQLiteAtRest``.
///
/// The copy lies in the spool while it is checked and stored, so the spool needs room for the whole database.
package struct SQLiteEngine: Engine {
    package let name: DatabaseName
    /// Absolute path of the database file; a symbolic link is followed once, at each use.
    package let path: String
    /// Folder for the private copy; made 0700 when it is not there.
    package let spool: URL

    /// Throws `.configuration` when the path is not absolute.
    package init(name: DatabaseName, path: String, spool: URL) throws(BackupError) {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw BackupError(.configuration, "the path of a SQLite database must be absolute")
        }
        self.name = name
        self.path = path
        self.spool = spool
    }

    package var kind: DatabaseKind { .sqlite }

    package func examine() async throws -> Examination {
        let path = path
        return try await onThread { () throws(BackupError) in
            let source = try SQLiteSource(path: path)
            return Examination(
                serverVersion: nil, tool: "sqlite \(try source.libraryVersion())", sizeBytes: source.identity.bytes)
        }
    }

    /// A database up to this size is copied and checked as for a backup.
    private static let mostRehearsed: Int64 = 1 << 30

    package func rehearse(
        isReadOnly: Bool, now: Date, stop: StopSignal, trace: @escaping RestoreTrace
    ) async throws -> Rehearsal {
        try await onThread(stop: stop) { () throws(BackupError) in
            let source = try SQLiteSource(path: path)
            _ = try source.libraryVersion()
            try refuseNarrowSpool(source.identity.bytes)
            var found = Rehearsal()
            let folder = URL(filePath: source.resolved).deletingLastPathComponent().path(percentEncoded: false)
            if access(folder, W_OK) != 0 {
                found.obstacles.append(
                    "this user may not write to \(folder), where a restore without --to goes: restore with --to elsewhere"
                )
            }
            found.unrehearsed =
                isReadOnly
                ? "--read-only"
                : source.identity.bytes > Self.mostRehearsed
                    ? "it is larger than \(Self.mostRehearsed >> 30) GiB, so that it was neither copied nor checked"
                    : nil
            guard found.unrehearsed == nil else { return found }
            let contents = SQLiteContents()
            try checkedCopy(contents, stop).close()
            found.notes += contents.notes
            return found
        }
    }

    private func refuseNarrowSpool(_ bytes: Int64) throws(BackupError) {
        let place = spool.path(percentEncoded: false)
        guard let free = FreeBytes.at(place), free < bytes else { return }
        throw BackupError(
            .storageRefused,
            "a copy of \(path) has \(bytes >> 20) MiB, and only \(free >> 20) MiB are free at \(place): free space there, or put the "
                + "agent's --data-dir elsewhere")
    }

    package func streams() async throws -> [EngineStream] { [dumpStream()] }

    package func restore(_ request: RestoreRequest) async throws -> RestoreOutcome {
        let restore = SQLiteRestore(engine: self, request: request)
        return try await onThread(stop: request.stop) { () throws(BackupError) in try restore.run() }
    }
}
