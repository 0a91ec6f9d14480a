import Domain
import Threads
import Transfer

/// One object behind a URL that grants reading it. The URL is a secret and stands in no error.
struct PresignedObject: Sendable {
    let url: String
    let ca: String?
    let name: String
    let stop: StopSignal

    private static let tries = 5

    /// Hands out the whole object in order; an interrupted read goes on where it stopped, as long as it is the same object.
    func read(_ body: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) {
        var options = TransferOptions()
        if let ca { options.trust = .pem([UInt8](ca.utf8)) }
        let client = TransferClient(options)
        var offset: Int64 = 0
        var etag: String?
        var failures = 0
        while true {
            var headers: [(name: String, value: String)] = []
            if offset > 0 { headers.append(("Range", "bytes=\(offset)-")) }
            if let etag, offset > 0 { headers.append(("If-Match", etag)) }
            var failure: BackupError?
            let before = offset
            let answer: HTTPResponse
            do throws(TransferError) {
                answer = try client.download(
                    HTTPRequest("GET", url, headers: headers), stop: stop,
                    onHead: { head in
                        etag = etag ?? head["etag"]
                        return head.status == (before > 0 ? 206 : 200) ? .stream : .keep
                    },
                    { chunk in
                        do throws(BackupError) {
                            try body(chunk)
                            offset += Int64(chunk.count)
                            return true
                        } catch {
                            failure = error
                            return false
                        }
                    })
            } catch {
                if let failure { throw failure }
                failures = offset > before ? 1 : failures + 1
                guard error.isWorthRetrying, failures < Self.tries else {
                    throw BackupError(.storageUnavailable, "reading \(name)", cause: error)
                }
                continue
            }
            guard answer.status == 200 || answer.status == 206 else { throw refused(answer.status) }
            return
        }
    }

    private func refused(_ status: Int) -> BackupError {
        let hint = status == 403 ? "; the link may have expired: ask for the restore again" : ""
        return BackupError(.storageRefused, "reading \(name): the store answered \(status)\(hint)")
    }
}
