import Domain
import Sealing
import Threads
import Transfer

/// One object on its way into a bucket: by one request when it fits into the first part, else by parts.
final class S3Upload: ObjectUpload {
    private enum Stage {
        case gathering
        case inParts(MultipartUpload)
        case ended
    }

    private let key: String
    private let session: S3Session
    private let client: TransferClient
    private let journal: any UploadJournal
    private let stop: StopSignal?
    private let nonce: String
    private var buffer: TransferBuffer
    private var total: Int64 = 0
    private var stage = Stage.gathering

    init(key: String, session: S3Session, client: TransferClient, journal: any UploadJournal, stop: StopSignal?)
        throws(BackupError)
    {
        self.key = key
        self.session = session
        self.client = client
        self.journal = journal
        self.stop = stop
        do {
            nonce = hex(try randomBytes(16))
        } catch {
            throw BackupError(.bug, "mark the upload of \(key)", cause: error)
        }
        buffer = TransferBuffer(capacity: session.configuration.parts.base)
    }

    deinit { abort() }

    func write(_ bytes: UnsafeRawBufferPointer) throws(BackupError) {
        var rest = bytes
        while !rest.isEmpty {
            // A full buffer waits for one byte more: what fits exactly goes by one request.
            if buffer.isFull { buffer = try inParts().exchange(buffer) }
            let taken = buffer.append(rest)
            total += Int64(taken)
            rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
        }
    }

    func commit(bytes: Int64, sha256: String) throws(BackupError) -> ObjectFacts {
        guard bytes == total else {
            throw BackupError(.integrity, "\(key): \(bytes) bytes were expected, \(total) written")
        }
        let commit = S3Commit(key: key, nonce: nonce, bytes: total, session: session, client: client, stop: stop)
        switch stage {
        case .gathering:
            let facts = try commit.put(buffer, sha256: sha256.lowercased())
            stage = .ended
            return facts
        case .inParts(let upload):
            if buffer.count > 0 { try upload.sendLast(buffer) }
            let facts = try commit.complete(upload.id, try upload.finish())
            stage = .ended
            upload.forget()
            return facts
        case .ended: throw BackupError(.bug, "\(key) was committed after its end")
        }
    }

    func abort() {
        if case .inParts(let upload) = stage { upload.abort() }
        stage = .ended
    }

    private func inParts() throws(BackupError) -> MultipartUpload {
        switch stage {
        case .inParts(let upload): return upload
        case .ended: throw BackupError(.bug, "\(key) was written to after its end")
        case .gathering:
            let upload = try MultipartUpload(
                key: key, nonce: nonce, session: session, client: client, journal: journal, stop: stop)
            stage = .inParts(upload)
            return upload
        }
    }
}
