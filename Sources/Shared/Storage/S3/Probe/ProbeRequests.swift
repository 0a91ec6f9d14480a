import Domain
import Sealing
import Threads
import Transfer
import Wire

/// The small requests that a probe is made of. Each is tried until the store has judged it.
struct ProbeRequests {
    let session: S3Session
    let stop: StopSignal?
    let nonce: String

    enum Checksum { case none, right, wrong }

    /// What the store made of a request that it judged.
    enum Judgement {
        case taken(HTTPResponse)
        case refused(S3Failure, BackupError)

        var answer: HTTPResponse? {
            if case .taken(let answer) = self { answer } else { nil }
        }

        var failure: S3Failure? {
            if case .refused(let failure, _) = self { failure } else { nil }
        }

        var lacksRight: Bool { failure?.lacksRight == true }

        /// The answer. Throws what the refusal means.
        func required() throws(BackupError) -> HTTPResponse {
            switch self {
            case .taken(let answer): return answer
            case .refused(_, let meaning): throw meaning.asRefusal
            }
        }
    }

    /// Throws when the store did not judge the request: it is away, does not know us, or has no such bucket.
    func ask(_ operation: S3Operation) throws(BackupError) -> Judgement {
        var retry = session.configuration.retry
        (retry.budget, retry.mostAttempts) = (min(retry.budget, .seconds(20)), 3)
        do throws(S3Problem) {
            return .taken(try session.perform(operation, stop: stop, retry: retry) { $0 })
        } catch {
            let failure = error.failure
            switch failure.kind {
            case .later, .stopped, .expiredCredentials, .skewedClock, .elsewhere, .absentBucket:
                throw error.meaning
            default:
                guard failure.status > 0, !failure.isOfCredentials else { throw error.meaning }
                return .refused(failure, error.meaning)
            }
        }
    }

    func put(
        _ key: String, _ text: String, _ checksum: Checksum = .none, isConditional: Bool = false
    ) throws(BackupError) -> Judgement {
        var operation = S3Operation("probe \(key)", "PUT", key: key)
        operation.set(body: text)
        operation.headers = objectHeaders
        add(checksum, of: text, to: &operation)
        if isConditional { operation.headers.append(("If-None-Match", "*")) }
        return try ask(operation)
    }

    func head(_ key: String) throws(BackupError) -> Judgement {
        var operation = S3Operation("asking for \(key)", "HEAD", key: key)
        operation.headers = [("x-amz-checksum-mode", "ENABLED")]
        let judgement = try ask(operation)
        // For the checksum Amazon wants the right to use the object's KMS key as well.
        guard judgement.failure != nil else { return judgement }
        return try ask(S3Operation("asking for \(key)", "HEAD", key: key))
    }

    func delete(_ key: String) throws(BackupError) -> Judgement {
        try ask(S3Operation("delete \(key)", "DELETE", key: key))
    }

    /// A question about the bucket itself.
    func bucket(_ question: [(name: String, value: String)]) throws(BackupError) -> Judgement {
        try ask(S3Operation("ask about the bucket", "GET", key: nil, query: question))
    }

    /// Begins an upload. Its id.
    func create(_ key: String, withChecksum: Bool) throws(BackupError) -> String {
        var operation = S3Operation("begin the upload of \(key)", "POST", key: key, query: [("uploads", "")])
        operation.headers = objectHeaders
        if withChecksum { operation.headers.append(("x-amz-checksum-algorithm", "SHA256")) }
        let answer = try ask(operation).required()
        do throws(S3Failure) {
            return try S3Answers.uploadID(answer)
        } catch {
            throw BackupError(.storageUnavailable, "begin the upload of \(key): \(error.message)")
        }
    }

    func part(
        _ number: Int, of key: String, _ upload: String, _ text: String, withChecksum: Bool
    ) throws(BackupError) -> PartReceipt {
        var operation = S3Operation("probe \(key)", "PUT", key: key)
        operation.query = [("partNumber", "\(number)"), ("uploadId", upload)]
        operation.set(body: text)
        add(withChecksum ? .right : .none, of: text, to: &operation)
        let etag = (try ask(operation).required()["ETag"] ?? "").filter { $0 != "\"" }
        let digest = sha256(Array(text.utf8)).base64Text
        return PartReceipt(number: number, etag: etag, isETagDigest: false, checksum: withChecksum ? digest : nil)
    }

    /// `checksum` is what is said of each part in the list. An error that comes in a success is a refusal.
    func complete(
        _ key: String, _ upload: String, _ parts: [PartReceipt], _ checksum: Checksum, isConditional: Bool = false
    ) throws(BackupError) -> Judgement {
        var operation = S3Operation("complete \(key)", "POST", key: key, query: [("uploadId", upload)])
        let wrong = sha256(Array("other bytes".utf8)).base64Text
        let listed = parts.map {
            PartReceipt(
                number: $0.number, etag: $0.etag, isETagDigest: false,
                checksum: checksum == .wrong ? wrong : $0.checksum)
        }
        operation.set(body: S3Commit.list(listed, withChecksums: checksum != .none))
        operation.headers = [("Content-Type", "application/xml")]
        if isConditional { operation.headers.append(("If-None-Match", "*")) }
        let judgement = try ask(operation)
        guard let answer = judgement.answer, XMLNode.parse(answer.body)?.name == "Error" else { return judgement }
        let failure = S3Failure(answer, method: "POST")
        return .refused(failure, failure.meaning("complete \(key)", bucket: session.configuration.bucket, attempts: 1))
    }

    func abort(_ key: String, _ upload: String) throws(BackupError) {
        // One that is gone is what was wanted; one that may not be aborted is the bucket's lifecycle rule's.
        _ = try ask(S3Operation("abort the upload of \(key)", "DELETE", key: key, query: [("uploadId", upload)]))
    }

    /// As a backup's object gets, but in the bucket's own storage class: what is removed at once need not be archived.
    private var objectHeaders: [(name: String, value: String)] {
        session.configuration.objectHeaders.filter { $0.name != "x-amz-storage-class" } + [
            (S3Session.nonceHeader, nonce)
        ]
    }

    private func add(_ checksum: Checksum, of text: String, to operation: inout S3Operation) {
        let digest = checksum == .right ? operation.bodyDigest : sha256(Array("not \(text)".utf8))
        guard checksum != .none else { return }
        operation.headers.append(("x-amz-checksum-sha256", digest.base64Text))
    }
}
