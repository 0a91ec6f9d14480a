import Domain
import Sealing
import Threads
import Transfer

/// The last step of an upload: makes the object visible, and believes only what the store confirms.
struct S3Commit {
    let key: String
    let nonce: String
    let bytes: Int64
    let session: S3Session
    let client: TransferClient
    let stop: StopSignal?

    /// What the store said of the object that it made.
    private struct Outcome {
        /// Empty when the store never said it.
        let etag: String
        /// It came from looking at the object, size and mark included, not from the answer to the request.
        var wasSeen = false
        /// The answer was lost, the name is taken now, and these credentials may not look: whoever may has to.
        var isDoubtful = false
    }

    private enum Sight {
        case ours(ObjectFacts)
        case absent
        /// Of this very upload, with other bytes.
        case wrong(String)
        /// Somebody else's.
        case others
        /// The credentials may only write.
        case forbidden
    }

    /// Stores the object by one request.
    func put(_ buffer: TransferBuffer, sha256: String) throws(BackupError) -> ObjectFacts {
        let digest = buffer.withBytes { Sealing.sha256($0) }
        guard digest.hexText == sha256 else {
            throw BackupError(.integrity, "\(key) is not what was meant to be stored")
        }
        let checksum = session.configuration.sendsChecksums ? digest.base64Text : nil
        var operation = S3Operation("store \(key)", "PUT", key: key)
        operation.headers = session.configuration.objectHeaders + [(S3Session.nonceHeader, nonce)]
        if let checksum { operation.headers.append(("x-amz-checksum-sha256", checksum)) }
        operation.body = .buffer(buffer)
        operation.bodyDigest = digest
        operation.deadline = session.configuration.deadline(forBytes: buffer.count)
        let outcome = try createOnly(operation, looksFirst: !session.isAWS) { (answer) throws(S3Failure) in
            do throws(S3Failure) {
                return try StoredCheck.etag(answer, checksum: checksum, of: buffer)
            } catch  where error.kind == .corrupted {
                throw S3Failure(.damaged, message: error.message)
            }
        }
        return try confirm(outcome, expectedETag: nil, checksum: checksum)
    }

    /// Joins the parts.
    func complete(_ uploadID: String, _ parts: [PartReceipt]) throws(BackupError) -> ObjectFacts {
        var operation = S3Operation("complete \(key)", "POST", key: key, query: [("uploadId", uploadID)])
        operation.set(body: Self.list(parts))
        operation.headers = [("Content-Type", "application/xml")]
        // The store may take minutes to join many parts, and keeps the connection alive with a blank now and then.
        operation.deadline = .seconds(300)
        operation.stallAfter = .zero
        let expected = session.configuration.encryption.isKMS ? nil : StoredCheck.compositeETag(parts)
        let checksum = StoredCheck.compositeChecksum(parts)
        // There are stores that know the condition for a single request, and join parts over whatever lies there (Ceph RGW 16).
        let outcome = try createOnly(operation, looksFirst: true) { (answer) throws(S3Failure) in
            let document = try S3Answers.document(
                "CompleteMultipartUploadResult", or: "CompleteMultipartUploadResponse", answer)
            if let said = document.text("ChecksumSHA256"), let checksum, said != checksum {
                throw S3Failure(.damaged, message: "the store joined other parts than were sent")
            }
            return try S3Answers.etag(document.text("ETag"))
        }
        return try confirm(outcome, expectedETag: expected, checksum: checksum)
    }

    /// Sends a request that makes the object only if there is none. A lost answer is settled by looking. `looksFirst` where the
    /// store is not known to honour the condition.
    private func createOnly(
        _ operation: S3Operation, looksFirst: Bool, read: (HTTPResponse) throws(S3Failure) -> String
    ) throws(BackupError) -> Outcome {
        var operation = operation
        operation.isSentOnce = true
        var wasLost = false
        while true {
            let isConditional = session.takesConditionalWrites
            if isConditional { operation.headers.append(("If-None-Match", "*")) }
            if looksFirst || !isConditional, let seen = try seenBefore() { return seen }
            do throws(S3Problem) {
                return try session.perform(
                    operation, stop: stop,
                    read: { (answer) throws(S3Failure) in Outcome(etag: try read(answer)) },
                    beforeRetry: { _, _ in
                        wasLost = true
                        return seenAfterLoss()
                    })
            } catch {
                if error.failure.kind == .notImplemented, isConditional {
                    session.takesConditionalWrites = false
                    operation.headers.removeAll { $0.name == "If-None-Match" }
                    continue
                }
                return try settle(error, wasLost: wasLost)
            }
        }
    }

    /// The request failed for good, or so it seems: an earlier try, if its answer `wasLost`, may have done it.
    private func settle(_ problem: S3Problem, wasLost: Bool) throws(BackupError) -> Outcome {
        guard [.precondition, .absentUpload, .absentKey].contains(problem.failure.kind) else {
            throw problem.meaning.asRefusal
        }
        switch try look(retry: nil) {
        case .ours(let facts): return Outcome(etag: facts.etag, wasSeen: true)
        case .wrong(let what): throw notAsStored(what)
        case .others: throw BackupError(.exists, "\(key) is there already", cause: problem.meaning)
        case .forbidden where wasLost && problem.failure.kind != .absentKey:
            // The name is taken, or the upload is no more, since we asked for it.
            return Outcome(etag: "", isDoubtful: true)
        case .absent, .forbidden:
            throw problem.failure.kind == .absentUpload
                ? BackupError(
                    .storageUnavailable, "the store has forgotten the upload of \(key)", cause: problem.meaning)
                : problem.meaning.asRefusal
        }
    }

    /// One look before the request is sent again.
    private func seenAfterLoss() -> Outcome? {
        var once = session.configuration.retry.forAbort
        once.mostAttempts = 1
        // If looking fails as well, the request is simply sent again.
        guard let sight = try? look(retry: once), case .ours(let facts) = sight else { return nil }
        return Outcome(etag: facts.etag, wasSeen: true)
    }

    /// Where the store may not refuse a taken key by itself. Who may only write has a name that nobody can guess there (see the
    /// agent's `BackupAttempt`), and whoever may look compares afterwards. Nil when nothing is there.
    private func seenBefore() throws(BackupError) -> Outcome? {
        switch try look(retry: nil) {
        case .absent, .forbidden: return nil
        case .ours(let facts): return Outcome(etag: facts.etag, wasSeen: true)
        case .wrong(let what): throw notAsStored(what)
        case .others: throw BackupError(.exists, "\(key) is there already")
        }
    }

    private func notAsStored(_ what: String) -> BackupError {
        BackupError(.integrity, "\(key) is not what was stored: \(what)")
    }

    private func look(retry: RetryPolicy?) throws(BackupError) -> Sight {
        do throws(S3Problem) {
            let object = try session.head(key, stop: stop, retry: retry)
            guard object.nonce == nonce else { return .others }
            guard object.facts.bytes == bytes else { return .wrong("\(object.facts.bytes) bytes instead of \(bytes)") }
            return .ours(object.facts)
        } catch {
            switch error.failure.kind {
            case .absentKey: return .absent
            case .refused where error.failure.status == 403: return .forbidden
            default: throw error.meaning
            }
        }
    }

    /// Looks at the object, whatever the answer was. Credentials that may only write must do with the answer.
    private func confirm(
        _ outcome: Outcome, expectedETag: String?, checksum: String?
    ) throws(BackupError) -> ObjectFacts {
        if let expectedETag, outcome.etag.wholeMatch(of: /[0-9a-f]{32}-[0-9]+/) != nil, outcome.etag != expectedETag {
            throw BackupError(.integrity, "\(key): the store joined other parts than were sent (ETag \(outcome.etag))")
        }
        let facts = ObjectFacts(key: key, bytes: bytes, etag: outcome.etag, checksum: checksum)
        if outcome.wasSeen || outcome.isDoubtful { return facts }
        switch try look(retry: nil) {
        case .ours(let seen):
            guard seen.etag == outcome.etag else {
                throw BackupError(.integrity, "\(key): its ETag is \(seen.etag), and was said to be \(outcome.etag)")
            }
            return facts
        case .forbidden: return facts
        case .absent: throw BackupError(.integrity, "\(key) was stored, says the store, but is not there")
        case .wrong(let what): throw notAsStored(what)
        case .others:
            // Not ours to remove, and no success: the same backup goes to another name.
            throw BackupError(
                .exists,
                "\(key) was replaced by another upload while it was stored: who else writes to this place under this name?"
            )
        }
    }

    private static func list(_ parts: [PartReceipt]) -> String {
        let items = parts.map { part in
            let checksum = part.checksum.map { "<ChecksumSHA256>\($0)</ChecksumSHA256>" } ?? ""
            return
                "<Part>\(checksum)<ETag>\"\(part.etag.xmlEscaped)\"</ETag><PartNumber>\(part.number)</PartNumber></Part>"
        }
        return
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(items.joined())</CompleteMultipartUpload>"
    }
}

extension S3Configuration.Encryption {
    fileprivate var isKMS: Bool {
        if case .kms = self { true } else { false }
    }
}

extension String {
    fileprivate var xmlEscaped: String {
        replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
