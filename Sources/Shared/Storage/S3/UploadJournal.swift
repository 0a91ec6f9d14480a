package import Domain
import Synchronization

/// A multipart upload that is under way, or was when a process ended.
package struct UploadRecord: Codable, Sendable, Hashable {
    /// Scheme, host and bucket.
    package let store: String
    package let key: String
    /// Nil while the store has not answered with it.
    package var uploadID: String?
    /// It was given up, and could not be aborted then: nothing writes to it any more.
    package var isGivenUp: Bool

    package init(store: String, key: String, uploadID: String?, isGivenUp: Bool = false) {
        self.store = store
        self.key = key
        self.uploadID = uploadID
        self.isGivenUp = isGivenUp
    }

    /// Reads one that an earlier version wrote, too: its upload must not be forgotten.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        store = try values.decode(String.self, forKey: .store)
        key = try values.decode(String.self, forKey: .key)
        uploadID = try values.decodeIfPresent(String.self, forKey: .uploadID)
        isGivenUp = try values.decodeIfPresent(Bool.self, forKey: .isGivenUp) ?? false
    }
}

/// Remembers own uploads beyond the end of a process, so that what a crash left in the store can be removed.
///
/// A record is written before the upload begins at the store. Safe from several threads.
package protocol UploadJournal: Sendable {
    /// Remembers the record, in place of one for the same store and key. Durable when it returns.
    func write(_ record: UploadRecord) throws(BackupError)

    /// Forgets the record for that store and key, if there is one.
    func remove(store: String, key: String) throws(BackupError)

    /// All that is remembered.
    func records() throws(BackupError) -> [UploadRecord]
}

/// A journal that lasts as long as the process.
package final class MemoryUploadJournal: UploadJournal {
    private let open = Mutex<[UploadRecord]>([])

    package init() {}

    package func write(_ record: UploadRecord) {
        open.withLock { records in
            records.removeAll { $0.store == record.store && $0.key == record.key }
            records.append(record)
        }
    }

    package func remove(store: String, key: String) {
        open.withLock { $0.removeAll { $0.store == store && $0.key == key } }
    }

    package func records() -> [UploadRecord] { open.withLock { $0 } }
}
