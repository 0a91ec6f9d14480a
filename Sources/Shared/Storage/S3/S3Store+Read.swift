package import Domain
import Transfer

extension S3Store {
    package func read(_ key: String, _ body: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) {
        try ObjectKey.check(key)
        var progress = ReadProgress()
        var bodyError: BackupError?
        do throws(S3Problem) {
            try session.perform(
                { progress.operation(key) }, stop: stop,
                send: { (request) throws(TransferError) in
                    try client.download(request, stop: stop, onHead: { progress.begin($0) }) { bytes in
                        do throws(BackupError) {
                            try body(bytes)
                        } catch {
                            bodyError = error
                            return false
                        }
                        progress.position += Int64(bytes.count)
                        return true
                    }
                },
                read: { (_) throws(S3Failure) in try progress.check() },
                beforeRetry: { _, retries in
                    // Bytes that came since the last failure mean that the store is there.
                    if progress.hasMoved() { retries.reset() }
                    return nil
                })
        } catch {
            if let bodyError { throw bodyError }
            guard error.failure.kind == .precondition || progress.isWrong else { throw error.meaning }
            throw BackupError(.integrity, "\(key) changed while it was read", cause: error.meaning)
        }
    }
}

/// How far the reading of one object has come, over several connections.
private struct ReadProgress {
    var position: Int64 = 0
    private var total: Int64?
    private var etag: String?
    private var lastFailureAt: Int64 = 0
    /// An answer was not the rest of what was begun.
    private(set) var isWrong = false

    func operation(_ key: String) -> S3Operation {
        var operation = S3Operation("read \(key)", "GET", key: key)
        operation.deadline = nil  // large objects and slow readers; a stall is noticed
        if position > 0 {
            operation.headers.append(("Range", "bytes=\(position)-"))
            if let etag { operation.headers.append(("If-Match", "\"\(etag)\"")) }
        }
        return operation
    }

    mutating func begin(_ head: HTTPResponse) -> BodyPlan {
        guard (200..<300).contains(head.status) else { return .keep }
        guard let length = head["Content-Length"].flatMap({ Int64($0) }) else { return .end }
        let etag = (head["ETag"] ?? "").filter { $0 != "\"" }
        if position == 0, head.status == 200 {
            (total, self.etag) = (length, etag)
            return .stream
        }
        // The rest must begin where we stopped, and be the rest of the same thing.
        let expected = "bytes \(position)-\((total ?? 0) - 1)/\(total ?? 0)"
        isWrong = head.status != 206 || head["Content-Range"] != expected || etag != self.etag
        return isWrong ? .end : .stream
    }

    func check() throws(S3Failure) {
        guard position == total else {
            throw S3Failure(.later, message: "\(position) of \(total ?? -1) bytes came")
        }
    }

    mutating func hasMoved() -> Bool {
        defer { lastFailureAt = position }
        return position > lastFailureAt
    }
}
