import Domain
import Sealing
import Storage
import Testing

extension ObjectStore {
    /// Stores bytes in pieces, as the chain does.
    @discardableResult
    func store(_ key: String, _ bytes: [UInt8], piece: Int = 10_000) throws(BackupError) -> ObjectFacts {
        let upload = try beginUpload(key)
        do throws(BackupError) {
            var start = 0
            while start < bytes.count {
                try upload.write(Array(bytes[start..<min(start + piece, bytes.count)]))
                start += piece
            }
            return try upload.commit(bytes: Int64(bytes.count), sha256: hex(sha256(bytes)))
        } catch {
            upload.abort()
            throw error
        }
    }
}

extension ObjectUpload {
    func write(_ bytes: [UInt8]) throws(BackupError) {
        let written: Result<Void, BackupError> = bytes.withUnsafeBytes { raw in
            Result { () throws(BackupError) in try write(raw) }
        }
        try written.get()
    }
}

/// The code of the error that `body` must throw.
func code(of body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) -> BackupError.Code? {
    #expect(throws: BackupError.self, sourceLocation: sourceLocation) { try body() }?.code
}
