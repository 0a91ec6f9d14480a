import Domain
import Sealing
import Threads
import Transfer
import Wire

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
        /// Empty when the store did not say it (Ceph RGW 16, of joined parts).
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
        let (checksum, ways) = (
            session.configuration.sendsChecksums ? digest.base64Text : nil, session.configuration.ways
        )
        var operation = S3Operation("store \(key)", "PUT", key: key)
        operation.headers = session.configuration.objectHeaders + [(S3Session.nonceHeader, nonce)]
        if let checksum { operation.headers.append(("x-amz-checksum-sha256", checksum)) }
        operation.body = .buffer(buffer)
        operation.bodyDigest = digest
        operation.deadline = session.configuration.deadline(forBytes: buffer.count)
        let outcome = try createOnly(
            { operation }, .conditionOnPut, looksFirst: !session.isAWS,
            content: { buffer.withBytes { md5($0) }.hexText }
        ) { (answer) throws(S3Failure) in
            do throws(S3Failure) {
                return try StoredCheck.etag(answer, checksum: checksum, of: buffer, ways)
            } catch  where error.kind == .corrupted {
                throw S3Failure(.damaged, message: error.message)
            }
        }
        return try confirm(outcome, expectedETag: nil, checksum: checksum)
    }

    /// Joins the parts.
    func complete(_ uploadID: String, _ parts: [PartReceipt]) throws(BackupError) -> ObjectFacts {
        var operation = S3Operation("complete \(key)", "POST", key: key, query: [("uploadId", uploadID)])
        operation.headers = [("Content-Type", "application/xml")]
        // The store may take minutes to join many parts, and keeps the connection alive with a blank now and then.
        operation.deadline = .seconds(300)
        operation.stallAfter = .zero
        let expected = session.configuration.encryption.isKMS ? nil : StoredCheck.compositeETag(parts)
        let checksum = StoredCheck.compositeChecksum(parts)
        // There are stores that know the condition for a single request, and join parts over whatever lies there (Ceph RGW 16).
        let outcome = try createOnly(
            {
                // OpenStack Swift takes no list with checksums in it.
                operation.set(body: Self.list(parts, withChecksums: !session.refuses(.checksumOnComplete)))
                return operation
            }, .conditionOnComplete, looksFirst: true, content: { expected }
        ) { (answer) throws(S3Failure) in
            let document = try S3Answers.document(
                "CompleteMultipartUploadResult", or: "CompleteMultipartUploadResponse", answer)
            if let said = document.text("ChecksumSHA256"), let checksum, said != checksum {
                throw S3Failure(.damaged, message: "the store joined other parts than were sent")
            }
            // Ceph RGW 16 names it and leaves it empty.
            return document.text("ETag") == "" ? "" : try S3Answers.etag(document.text("ETag"))
        }
        return try confirm(outcome, expectedETag: expected, checksum: checksum)
    }

    /// Sends a request that makes the object only if there is none. A lost answer is settled by looking. `looksFirst` where the
    /// store is not known to honour the condition. `content` is the ETag that these bytes must have.
    private func createOnly(
        _ operation: () -> S3Operation, _ condition: S3Refusal, looksFirst: Bool, content: () -> String?,
        read: (HTTPResponse) throws(S3Failure) -> String
    ) throws(BackupError) -> Outcome {
        var wasLost = false
        while true {
            var operation = operation()
            operation.isSentOnce = true
            let isConditional = !session.refuses(condition)
            if isConditional { operation.headers.append(("If-None-Match", "*")) }
            if looksFirst || !isConditional, let seen = try seenBefore(content) { return seen }
            do throws(S3Problem) {
                return try session.perform(
                    operation, stop: stop,
                    read: { (answer) throws(S3Failure) in Outcome(etag: try read(answer)) },
                    beforeRetry: { _, _ in
                        wasLost = true
                        return seenAfterLoss(content)
                    })
            } catch {
                if error.failure.kind == .notImplemented, isConditional {
                    session.noteRefusal(of: condition)
                } else if error.failure.code == "MalformedXML", condition == .conditionOnComplete,
                    !session.refuses(.checksumOnComplete)
                {
                    session.noteRefusal(of: .checksumOnComplete)
                } else {
                    return try settle(error, wasLost: wasLost, content)
                }
            }
        }
    }

    /// The request failed for good, or so it seems: an earlier try, if its answer `wasLost`, may have done it.
    private func settle(
        _ problem: S3Problem, wasLost: Bool, _ content: () -> String?
    ) throws(BackupError) -> Outcome {
        guard [.precondition, .absentUpload, .absentKey].contains(problem.failure.kind) else {
            throw problem.meaning.asRefusal
        }
        switch try look(retry: nil, content) {
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
    private func seenAfterLoss(_ content: () -> String?) -> Outcome? {
        var once = session.configuration.retry.forAbort
        once.mostAttempts = 1
        // If looking fails as well, the request is simply sent again.
        guard let sight = try? look(retry: once, content), case .ours(let facts) = sight else { return nil }
        return Outcome(etag: facts.etag, wasSeen: true)
    }

    /// Where the store may not refuse a taken key by itself. Who may only write has a name that nobody can guess there (see the
    /// agent's `BackupAttempt`), and whoever may look compares afterwards. Nil when nothing is there.
    private func seenBefore(_ content: () -> String?) throws(BackupError) -> Outcome? {
        switch try look(retry: nil, content) {
        case .absent, .forbidden: return nil
        case .ours(let facts): return Outcome(etag: facts.etag, wasSeen: true)
        case .wrong(let what): throw notAsStored(what)
        case .others: throw BackupError(.exists, "\(key) is there already")
        }
    }

    private func notAsStored(_ what: String) -> BackupError {
        BackupError(.integrity, "\(key) is not what was stored: \(what)")
    }

    /// An object without any mark is known by its ETag: some stores drop metadata.
    private func look(retry: RetryPolicy?, _ etag: () -> String?) throws(BackupError) -> Sight {
        do throws(S3Problem) {
            let object = try session.head(key, stop: stop, retry: retry)
            let isOurs = object.nonce.map { $0 == nonce } ?? (object.facts.etag == etag())
            guard isOurs else { return .others }
            guard object.facts.bytes == bytes else { return .wrong("\(object.facts.bytes) bytes instead of \(bytes)") }
            return .ours(object.facts)
        } catch {
            switch error.failure.kind {
            case .absentKey: return .absent
            case _ where error.failure.lacksRight: return .forbidden
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
        if outcome.wasSeen || outcome.isDoubtful { return facts(outcome.etag, checksum) }
        let said = outcome.etag.isEmpty ? expectedETag : outcome.etag
        switch try look(retry: nil, { said }) {
        case .ours(let seen):
            guard seen.etag == said ?? seen.etag else {
                throw BackupError(.integrity, "\(key): its ETag is \(seen.etag), and was said to be \(said ?? "")")
            }
            return facts(seen.etag, checksum)
        case .forbidden: return facts(said ?? "", checksum)
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

    private func facts(_ etag: String, _ checksum: String?) -> ObjectFacts {
        ObjectFacts(key: key, bytes: bytes, etag: etag, checksum: checksum)
    }

    static func list(_ parts: [PartReceipt], withChecksums: Bool) -> String {
        let items = parts.map { part in
            let checksum = (withChecksums ? part.checksum : nil).map { "<ChecksumSHA256>\($0)</ChecksumSHA256>" } ?? ""
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
        replacing(scalar: "&", with: "&amp;").replacing(scalar: "<", with: "&lt;").replacing(scalar: ">", with: "&gt;")
    }
}
