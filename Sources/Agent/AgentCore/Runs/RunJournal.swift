import Archive
import Daemon
package import Domain
package import Foundation
package import Wire

/// What is known on disk of runs that have begun and whose end is not in the spool yet, one file a run. It is what an
/// agent that was killed finds at its next start.
package struct RunJournal: Sendable {
    package struct Record: Codable, Sendable {
        package var job: RunJob
        package var attempt: Int
        /// Of the last report.
        package var sequence: Int
        /// Objects that may have been committed without a manifest: removed by whoever may (here for directories, by the
        /// coordinator off-site), never taken for a backup.
        package var leftovers: [DestinationResult]
        /// Set once every object is committed at the destinations named: from here on the run only needs its manifest.
        package var sealed: Sealed?
        /// Whether the attempt has chosen its names: until then nothing of it can lie anywhere. Nil in records of before.
        package var hasNames: Bool?
        /// What its names end in; nil for plain ones.
        package var token: String?
        /// The run's last report, once it is decided: from here on it only needs to be in the spool.
        package var end: RunReport?
    }

    /// A backup that is complete but for its manifest.
    package struct Sealed: Codable, Sendable {
        /// The manifest as it is stored, byte for byte.
        package var manifest: Data
        package var manifestName: String
        package var complete: [DestinationResult]
        package var failed: [DestinationResult]
    }

    private let folder: URL

    package init(folder: URL) throws(BackupError) {
        self.folder = folder
        try PrivateDirectory.ensure(folder.path)
    }

    private func file(_ run: UUID) -> DurableFile<Record> {
        DurableFile(url: folder.appending(path: run.uuidString.lowercased() + ".json"))
    }

    package func write(_ record: Record) throws(BackupError) { try file(record.job.run).save(record) }

    package func remove(_ run: UUID) throws(BackupError) { try file(run).remove() }

    package func read(_ run: UUID) throws(BackupError) -> Record? { try file(run).load() }

    /// Every run that an earlier agent did not end. Files that cannot be read are put aside as `damaged-…`.
    package func interrupted() throws(BackupError) -> [Record] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        } catch {
            throw BackupError(.storageRefused, "reading \(folder.path)", cause: error)
        }
        var records: [Record] = []
        for name in names where name.hasSuffix(".json") && !name.hasPrefix("damaged-") {
            let url = folder.appending(path: name)
            do throws(BackupError) {
                if let record = try DurableFile<Record>(url: url).load() { records.append(record) }
            } catch {
                // Written as a whole or not at all, so this is a disk's fault: kept for a person to look at.
                try? FileManager.default.moveItem(at: url, to: folder.appending(path: "damaged-" + name))
            }
        }
        return records
    }
}
