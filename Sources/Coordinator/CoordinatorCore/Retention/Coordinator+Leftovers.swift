import Catalog
import Domain
import Foundation
import Logging
import Storage
import Threads
import Wire

extension Coordinator {
    /// Deletes what runs left behind in buckets. What cannot be looked at or deleted now waits for the next time.
    func deleteLeftovers() async throws(BackupError) {
        for leftover in try await catalog.read({
            try CatalogGap.read($0) == nil ? $0.leftovers(limit: 1000) : []
        }) {
            guard !Task.isCancelled else { return }
            do throws(BackupError) {
                try await delete(leftover)
            } catch {
                logger.warning("leftover not deleted", metadata: ["key": "\(leftover.key)", "error": "\(error)"])
            }
        }
    }

    private func delete(_ leftover: Leftover) async throws(BackupError) {
        let isOfBackup = try await catalog.read { try $0.isOfBackup(folder: leftover.folder, name: leftover.name) }
        let openS3 = world.openS3
        if !isOfBackup, let s3 = current(leftover.place).s3 {
            try await onThread { () throws(BackupError) in
                let store = try openS3(s3)
                // Beside a manifest it is part of a backup, whether or not the catalog knows of that.
                if try Self.isAbsent(leftover.manifestKey, store) { try store.delete(leftover.key) }
            }
        }
        let now = world.now()
        try await catalog.write { update in
            try update.remove(leftover, at: now)
            try update.audit("leftovers", "delete", leftover.key, detail: leftover.place.name, at: now)
        }
    }

    private static func isAbsent(_ key: String, _ store: any ObjectStore) throws(BackupError) -> Bool {
        do throws(BackupError) {
            _ = try store.head(key)
            return false
        } catch  where error.code == .notFound {
            return true
        }
    }
}
