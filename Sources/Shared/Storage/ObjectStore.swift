package import Domain
package import Foundation

/// What a store says about one object without sending its bytes.
package struct ObjectFacts: Sendable, Equatable {
    package let key: String
    /// Bytes as stored.
    package let bytes: Int64
    /// The store's own version mark (S3: the ETag without quotes); empty for a directory.
    package let etag: String
    /// SHA-256 as the store itself computed it, in base64; with `-N` at its end it is of the digests of N parts. Nil where the
    /// store says none.
    package var checksum: String?
    /// When it became what it is, by the store's clock.
    package var modifiedAt: Date?
    /// What the store's clock showed when it answered.
    package var storeTime: Date?

    package init(
        key: String, bytes: Int64, etag: String, checksum: String? = nil, modifiedAt: Date? = nil,
        storeTime: Date? = nil
    ) {
        self.key = key
        self.bytes = bytes
        self.etag = etag
        self.checksum = checksum
        self.modifiedAt = modifiedAt
        self.storeTime = storeTime
    }
}

/// A place where objects lie under keys: `/`-separated, relative, without `.` or `..`.
///
/// Every call blocks its thread: call from a thread of one's own (``Threads``' `onThread`), never from the
/// cooperative pool. Safe to use from several threads at once. Errors are `BackupError` with the codes
/// `.storageUnavailable` (worth a later try; the store has already retried), `.storageRefused`, `.exists`, `.notFound`,
/// `.integrity`, `.cancelled`.
package protocol ObjectStore: Sendable {
    /// Begins a new object. Nothing is visible under `key` before ``ObjectUpload/commit(bytes:sha256:)`` returns.
    /// Throws `.exists` when the key is taken (a store that can only tell at the end throws it from `commit`).
    func beginUpload(_ key: String) throws(BackupError) -> any ObjectUpload

    /// The facts of one object. Throws `.notFound`.
    func head(_ key: String) throws(BackupError) -> ObjectFacts

    /// Whether something has this name: nil where these credentials may not look. Throws `.storageUnavailable` and
    /// `.storageRefused` when the store could not answer that.
    func isTaken(_ key: String) throws(BackupError) -> Bool?

    /// Whether the store is known to refuse a write to a name that is taken, also when it joins parts.
    var honoursConditions: Bool { get }

    /// Reads the whole object in order, handing out chunks that are valid only during the call of `body`.
    /// Interrupted reads are resumed where they stopped (S3: ranged, with `If-Match`). What `body` throws ends it.
    func read(_ key: String, _ body: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError)

    /// Hands out every object whose key begins with `prefix`, in portions and any order. It has shown all of them, or it
    /// throws; what `body` throws ends it.
    func visit(prefix: String, _ body: ([ObjectFacts]) throws(BackupError) -> Void) throws(BackupError)

    /// Removes one object by its exact key. An absent one is not an error.
    func delete(_ key: String) throws(BackupError)
}

/// One object on its way in. Used by one thread at a time; ended exactly once, by `commit` or `abort`.
package protocol ObjectUpload: AnyObject {
    /// Takes the next bytes (copied before it returns); blocks while the store is slower than the source.
    func write(_ bytes: UnsafeRawBufferPointer) throws(BackupError)

    /// Makes the object durable and visible under its key, and confirms size and checksum with the store.
    /// `sha256` is the digest of everything written, as 64 lower-case hex digits. On an error nothing is visible.
    func commit(bytes: Int64, sha256: String) throws(BackupError) -> ObjectFacts

    /// Leaves nothing behind. Safe after any failure, and after a failed `commit`.
    func abort()
}

extension ObjectStore {
    package func isTaken(_ key: String) throws(BackupError) -> Bool? {
        do throws(BackupError) {
            _ = try head(key)
            return true
        } catch  where error.code == .notFound {
            return false
        }
    }

    package var honoursConditions: Bool { true }

    /// Every object whose key begins with `prefix`, in any order. Complete, or it throws: never a partial listing.
    package func list(prefix: String) throws(BackupError) -> [ObjectFacts] {
        var found: [ObjectFacts] = []
        try visit(prefix: prefix) { found += $0 }
        return found
    }

    /// Stores a small object from memory, create-only.
    package func put(_ key: String, _ bytes: [UInt8], sha256: String) throws(BackupError) -> ObjectFacts {
        let upload = try beginUpload(key)
        do throws(BackupError) {
            // `withUnsafeBytes` knows only untyped errors, so the typed one leaves it as a value.
            let written: Result<Void, BackupError> = bytes.withUnsafeBytes { raw in
                Result { () throws(BackupError) in try upload.write(raw) }
            }
            try written.get()
            return try upload.commit(bytes: Int64(bytes.count), sha256: sha256)
        } catch {
            upload.abort()
            throw error
        }
    }

    /// Reads a small object into memory. Throws `.integrity` when it is larger than `limit` bytes.
    package func get(_ key: String, limit: Int) throws(BackupError) -> [UInt8] {
        var out: [UInt8] = []
        try read(key) { (chunk) throws(BackupError) in
            guard out.count + chunk.count <= limit else {
                throw BackupError(.integrity, "\(key) is larger than \(limit) bytes")
            }
            out.append(contentsOf: chunk)
        }
        return out
    }
}
