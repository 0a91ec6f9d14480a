import Daemon
package import Domain
import Engines
package import Foundation
import Synchronization
import Threads

/// The restores of this host that are at work, that died, or that keep beside what they replaced: one file each, written before
/// anything is made. Whoever works on one holds its lock, which ends with the process, however that ends.
package struct RestoreJournal: Sendable {
    private let folder: URL
    let now: @Sendable () -> Date

    package init(_ paths: AgentPaths, now: @escaping @Sendable () -> Date) {
        folder = paths.restores
        self.now = now
    }

    /// One record, and the lock of it.
    package struct Held: Sendable {
        package var record: RestoreRecord
        let lock: LockFile
    }

    private func path(_ id: UUID, _ suffix: String) -> URL {
        folder.appending(path: id.uuidString.lowercased() + suffix)
    }

    private func file(_ id: UUID) -> DurableFile<RestoreRecord> { DurableFile(url: path(id, ".json")) }

    /// Holds a new record for as long as its restore is at work. Throws when it cannot be written down.
    package func begin(_ record: RestoreRecord) throws(BackupError) -> Held {
        let owner = try makeFolder()
        let lock = try hold(record.id)
        try save(record)
        if let owner { for suffix in [".lock", ".json"] { lchown(path(record.id, suffix).path, owner.0, owner.1) } }
        return Held(record: record, lock: lock)
    }

    /// Root works in the folder of the agent's user, and leaves its files to that user; answers with whom.
    private func makeFolder() throws(BackupError) -> (uid_t, gid_t)? {
        var data = stat()
        let above = folder.deletingLastPathComponent().path
        guard geteuid() == 0, lstat(above, &data) == 0, data.st_uid != 0 else {
            try PrivateDirectory.ensure(folder.path)
            return nil
        }
        var facts = stat()
        if mkdir(folder.path, 0o700) == 0 { lchown(folder.path, data.st_uid, data.st_gid) }
        guard lstat(folder.path, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR, facts.st_uid == data.st_uid,
            facts.st_mode & 0o022 == 0
        else { throw BackupError(.configuration, "\(folder.path) is not a folder of the agent's user alone") }
        return (data.st_uid, data.st_gid)
    }

    private func hold(_ id: UUID) throws(BackupError) -> LockFile {
        try LockFile(path: path(id, ".lock").path, program: "a restore", now: now())
    }

    package func save(_ record: RestoreRecord) throws(BackupError) {
        var owner = stat()
        let wasThere = lstat(file(record.id).url.path, &owner) == 0
        try file(record.id).save(record)
        if wasThere, geteuid() == 0, owner.st_uid != 0 {
            lchown(file(record.id).url.path, owner.st_uid, owner.st_gid)
        }
    }

    func read(_ id: UUID) throws(BackupError) -> RestoreRecord? { try file(id).load() }

    /// Nothing of it is anywhere any more.
    package func forget(_ held: Held) {
        unlink(path(held.record.id, ".json").path)
        unlink(held.lock.path)
        held.lock.release()
    }

    /// Those that nobody works on, each held until it is let go; without those that cannot be read, which are named.
    package func idle() throws(BackupError) -> (held: [Held], damaged: [String]) {
        var (held, damaged): ([Held], [String]) = ([], [])
        for id in try ids() {
            do throws(BackupError) {
                let lock = try hold(id)
                // Forgotten in this moment.
                guard let record = try file(id).load() else { continue }
                held.append(Held(record: record, lock: lock))
            } catch {
                if error.code != .busy { damaged.append(error.message) }
            }
        }
        return (held, damaged)
    }

    private func ids() throws(BackupError) -> [UUID] {
        guard access(folder.path, F_OK) == 0 || errno != ENOENT else { return [] }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
            throw BackupError(
                .configuration, "\(folder.path) cannot be listed: run this as the user of the agent", cause: error)
        }
        // A lock is held before its record is written, and so without one nothing was made.
        return names.filter { $0.hasSuffix(".json") }.sorted().compactMap { UUID(uuidString: String($0.dropLast(5))) }
    }
}

/// Writes down the steps of one restore while it is at work.
final class RestoreNotes: Sendable {
    private let journal: RestoreJournal
    let now: @Sendable () -> Date
    private let state: Mutex<RestoreJournal.Held>
    /// Why a step could not be written down.
    private let failure = Mutex<BackupError?>(nil)
    private let count = Atomic(0)

    init(_ held: RestoreJournal.Held, _ journal: RestoreJournal, now: @escaping @Sendable () -> Date) {
        (self.journal, self.now) = (journal, now)
        state = Mutex(held)
    }

    var held: RestoreJournal.Held { state.withLock { $0 } }
    var trouble: BackupError? { failure.withLock { $0 } }

    func take(_ step: RestoreStep) {
        let (time, number) = (now(), count.add(1, ordering: .relaxed).newValue)
        FaultPoint.pass(restoreStep: number, isNoted: false)
        let record = state.withLock { held in
            held.record.take(step, at: time)
            return held.record
        }
        do throws(BackupError) { try journal.save(record) } catch { failure.withLock { $0 = error } }
        FaultPoint.pass(restoreStep: number, isNoted: true)
    }
}
