import Catalog
import Domain
import Foundation
import Sealing
import Storage

/// The steps of one copy of the catalog. Everything here blocks.
enum CatalogCopy {
    /// A copy of all that is committed, with the certificate authority in it, so that it alone makes a coordinator. It is opened and
    /// checked once more before it counts.
    static func make(
        of catalog: CatalogDatabase, at file: URL, with authority: CertificateAuthority
    ) throws(BackupError) {
        clear(file)
        try catalog.copy(to: file.path)
        let (certificate, key) = try sealing("copying the certificate authority") { () throws(SealingError) in
            (try authority.certificate.pem(), try authority.key.pem())
        }
        let copy = try CatalogDatabase(path: file.path)
        try copy.writeBlocking { update in
            try update.set(certificate, for: SettingName.copiedCertificate)
            try update.set(key, for: SettingName.copiedKey)
        }
        try copy.close()
    }

    static func store(
        _ file: URL, _ sealed: CatalogSeal.Sealed, as key: String, in store: any ObjectStore
    ) throws(BackupError) {
        do throws(BackupError) {
            let upload = try store.beginUpload(key)
            do throws(BackupError) {
                try each(of: file) { (bytes) throws(BackupError) in try upload.write(bytes) }
                _ = try upload.commit(bytes: sealed.bytes, sha256: sealed.sha256)
            } catch {
                upload.abort()
                throw error
            }
        } catch  where error.code == .exists {
            throw BackupError(.storageRefused, "\(key) is there already, and nobody else could know that name")
        }
    }

    /// Deletes all but the newest ones of those that this coordinator stored, as many as are to be kept. Returns what is left, and why
    /// more is left than should be.
    static func prune(_ own: [String], in store: any ObjectStore, keep: Int) -> (left: [String], failure: BackupError?)
    {
        var left = own[...]
        while left.count > max(keep, 1), let oldest = left.first {
            do throws(BackupError) { try store.delete(oldest) } catch {
                // A store that lets nothing be deleted is not remembered for ever: the oldest stay there.
                return (Array(left.suffix(max(keep, 1) + mostUndeleted)), error)
            }
            left = left.dropFirst()
        }
        return (Array(left), nil)
    }

    private static let mostUndeleted = 1000

    /// The bytes of a file, a megabyte at a time.
    static func each(
        of file: URL, _ body: (UnsafeRawBufferPointer) throws(BackupError) -> Void
    ) throws(BackupError) {
        guard let handle = try? FileHandle(forReadingFrom: file) else {
            throw BackupError(.notFound, "\(file.path) cannot be opened for reading")
        }
        defer { try? handle.close() }
        while true {
            let chunk: Data?
            do { chunk = try handle.read(upToCount: 1 << 20) } catch {
                throw BackupError(.storageUnavailable, "reading \(file.path)", cause: error)
            }
            guard let chunk, !chunk.isEmpty else { return }
            let done: Result<Void, BackupError> = chunk.withUnsafeBytes { raw in
                Result { () throws(BackupError) in try body(raw) }
            }
            try done.get()
        }
    }

    /// A catalog's file with what SQLite puts beside it. None of them may be there: that is fine.
    static func clear(_ file: URL) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            try? FileManager.default.removeItem(atPath: file.path + suffix)
        }
    }
}
