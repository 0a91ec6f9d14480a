import Domain
import Foundation
import Storage
import Synchronization

/// The directories that this host has written backups to, and the mark that each carried: what stands there without it is a
/// mount point without its disk, or another disk, and gets no backup (P1).
final class PlaceBook: Sendable {
    private let file: DurableFile<[String: UUID]>
    private let newID: @Sendable () -> UUID
    /// Held while the book is read and written, and never while a directory is looked at: one that hangs must hang no other.
    private let turn = Mutex(())

    init(file url: URL, newID: @escaping @Sendable () -> UUID) {
        file = DurableFile(url: url)
        self.newID = newID
    }

    /// Throws unless the directory is the one that was used before. `isForWriting`: one that was never used is marked and
    /// becomes known, whatever lies in it. Blocks.
    func check(_ store: DirectoryStore, isForWriting: Bool) throws(BackupError) {
        let book = try turn.withLock { _ throws(BackupError) in try load() }
        let known = book?[store.root]
        let mark = try mark(of: store, isKnown: known != nil)
        if let known {
            guard mark == known else { throw Self.stranger(store.root, hasMark: mark != nil) }
            return
        }
        guard isForWriting else { return }
        var own = mark
        if own == nil {
            guard book != nil else {
                throw BackupError(
                    .storageRefused,
                    "\(file.url.path) is damaged, and \(store.root) carries no \(DirectoryStore.markName): is the disk mounted? "
                        + "When it is, delete that file")
            }
            own = try store.setMark(newID())
        }
        guard let own else { return }
        // After the mark: should we be killed in between, it is met as one that is not known yet.
        try turn.withLock { _ throws(BackupError) in
            try file.save((load() ?? [:]).merging([store.root: own]) { $1 })
        }
    }

    /// Nil when it is damaged: then only a directory with a mark is known to be none that lost it.
    private func load() throws(BackupError) -> [String: UUID]? {
        do throws(BackupError) {
            return try file.load() ?? [:]
        } catch  where error.code == .integrity {
            return nil
        }
    }

    private func mark(of store: DirectoryStore, isKnown: Bool) throws(BackupError) -> UUID? {
        do throws(BackupError) {
            return try store.mark()
        } catch  where error.code == .storageUnavailable && !isKnown {
            // Never used, and not there: the first upload makes it.
            return nil
        } catch  where error.code == .storageUnavailable {
            throw BackupError(.storageUnavailable, "\(error.message): is the disk mounted that holds the backups?")
        }
    }

    private static func stranger(_ root: String, hasMark: Bool) -> BackupError {
        let what =
            hasMark
            ? "is another directory than the one that was written to before: is the right disk mounted?"
            : "does not carry the mark \(DirectoryStore.markName) that it had: is the disk mounted?"
        return BackupError(
            .storageUnavailable,
            "\(root) \(what) If it was replaced on purpose, delete places.json in the agent's data directory")
    }
}
