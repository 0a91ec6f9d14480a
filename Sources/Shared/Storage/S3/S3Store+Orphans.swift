package import Domain
import Threads

extension S3Store {
    /// Aborts the uploads that an earlier process began here and did not end, and forgets them. Returns their keys.
    ///
    /// Call it before uploads begin, since what is under way now would be aborted too; with `onlyGivenUp` at any time: then
    /// only those are touched that could not be aborted before. The first that finds the store away is the last: nobody
    /// waits for it once for each of many. Only uploads of keys in the journal are looked at. Throws the first failure; what
    /// is left stays in the journal, as given up.
    package func abortOrphans(onlyGivenUp: Bool = false) throws(BackupError) -> [String] {
        var ended: [String] = []
        var failure: BackupError?
        let retry = onlyGivenUp ? session.configuration.retry.forAbort : session.configuration.retry
        for record in try journal.records()
        where record.store == session.identity && (record.isGivenUp || !onlyGivenUp) {
            if failure?.code == .storageUnavailable {
                try giveUp(record)
                continue
            }
            do throws(BackupError) {
                if let id = record.uploadID { try session.abortUpload(record.key, id, stop: stop, retry: retry) }
                // The answer to its beginning may have been lost, so there may be one that is not known by id.
                try session.abortUploads(of: record.key, stop: stop, retry: retry)
                try journal.remove(store: record.store, key: record.key)
                ended.append(record.key)
            } catch {
                if failure == nil || error.code == .storageUnavailable { failure = error }
                try giveUp(record)
            }
        }
        if let failure { throw failure }
        return ended
    }

    private func giveUp(_ record: UploadRecord) throws(BackupError) {
        guard !record.isGivenUp else { return }
        var left = record
        left.isGivenUp = true
        try journal.write(left)
    }
}

extension S3Session {
    /// Aborts one upload, until the store no longer knows it: a part that was under way may arrive after the abort.
    func abortUpload(_ key: String, _ id: String, stop: StopSignal?, retry: RetryPolicy) throws(BackupError) {
        for _ in 1...5 {
            guard
                try isKnown(
                    S3Operation("abort the upload of \(key)", "DELETE", key: key, query: [("uploadId", id)]), stop,
                    retry)
            else { return }
            let listing = S3Operation(
                "check that the upload of \(key) is gone", "GET", key: key,
                query: [("uploadId", id), ("max-parts", "1")])
            guard try isKnown(listing, stop, retry) else { return }
            guard wait(retry.firstPause, stop: stop) else { break }
        }
        throw BackupError(.busy, "the upload of \(key) does not go away; it will be tried again")
    }

    /// Aborts all uploads of exactly this key. Where these credentials may not list uploads, that is left to the
    /// bucket's lifecycle rule.
    func abortUploads(of key: String, stop: StopSignal?, retry: RetryPolicy) throws(BackupError) {
        var next: (key: String, id: String)?
        repeat {
            var operation = S3Operation("list uploads of \(key)", "GET", key: nil)
            operation.query = [("uploads", ""), ("prefix", key), ("encoding-type", "url")]
            if let next { operation.query += [("key-marker", next.key), ("upload-id-marker", next.id)] }
            let page: (uploads: [(key: String, id: String)], next: (key: String, id: String)?)
            do throws(S3Problem) {
                page = try perform(operation, stop: stop, retry: retry) { (answer) throws(S3Failure) in
                    try S3Answers.uploads(answer)
                }
            } catch {
                if error.failure.kind == .refused || error.failure.kind == .notImplemented { return }
                throw error.meaning
            }
            for upload in page.uploads where upload.key == key {
                try abortUpload(key, upload.id, stop: stop, retry: retry)
            }
            next = page.next
        } while next != nil
    }

    /// Whether the store still knew the upload. Where we may not ask, the abort itself has to do.
    private func isKnown(_ operation: S3Operation, _ stop: StopSignal?, _ retry: RetryPolicy) throws(BackupError)
        -> Bool
    {
        do throws(S3Problem) {
            try perform(operation, stop: stop, retry: retry) { _ in }
            return true
        } catch {
            switch error.failure.kind {
            case .absentUpload, .absentKey: return false
            case .refused where operation.method == "GET": return false
            default: throw error.meaning
            }
        }
    }
}
