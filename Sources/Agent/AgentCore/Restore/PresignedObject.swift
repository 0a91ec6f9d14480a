import Domain
import Storage
import Threads
import Transfer

/// One object behind a URL that grants reading it. The URL is a secret and stands in no error.
struct PresignedObject: Sendable {
    let url: String
    let ca: String?
    let name: String
    var stop = StopSignal()
    var retry = RetryPolicy()
    /// Where the URL is renewed; nil for one that a person gave.
    var links: RestoreLinks?

    /// How far the reading has come, over several connections.
    private struct Progress {
        var offset: Int64 = 0
        var etag: String?
        /// Of the address that was used last, and how many were refused since bytes came.
        var generation = 0
        var refusals = 0
        /// What the reader itself threw, which ends it.
        var readersError: BackupError?

        var wanted: Int { offset > 0 ? 206 : 200 }
    }

    /// Why one try failed, and whether another may help.
    private struct Failure: Error {
        var meaning: BackupError
        var isWorthRetrying = true
        var asked: Duration?
        /// Another address may do.
        var isRefused = false
    }

    /// A store that refuses fresh addresses too has another reason.
    private static let mostRefusals = 2

    /// Hands out the whole object in order; an interrupted read goes on where it stopped, as long as it is the same object.
    func read(_ body: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) {
        var options = TransferOptions()
        if let ca { options.trust = .pem([UInt8](ca.utf8)) }
        let client = TransferClient(options)
        var progress = Progress()
        var retries = Retries(retry)
        while true {
            let before = progress.offset
            do throws(Failure) {
                return try attempt(client, &progress, body)
            } catch {
                // Bytes that came mean that the store is there.
                if progress.offset > before {
                    retries.reset()
                    progress.refusals = 0
                }
                if error.isRefused, let links, progress.refusals < Self.mostRefusals {
                    progress.refusals += 1
                    guard links.waitForNewer(than: progress.generation, stop: stop) else { throw error.meaning }
                    continue
                }
                guard error.isWorthRetrying else { throw error.meaning }
                guard retries.mayTryAgain(asked: error.asked, stop: stop) else {
                    throw stop.isStopped ? BackupError(.cancelled, "reading \(name) was stopped") : error.meaning
                }
            }
        }
    }

    private func attempt(
        _ client: TransferClient, _ progress: inout Progress,
        _ body: (UnsafeRawBufferPointer) throws(BackupError) -> Void
    ) throws(Failure) {
        var headers: [(name: String, value: String)] = []
        if progress.offset > 0 { headers.append(("Range", "bytes=\(progress.offset)-")) }
        if let etag = progress.etag, progress.offset > 0 { headers.append(("If-Match", etag)) }
        let wanted = progress.wanted
        let link = links?.link(name)
        progress.generation = link?.generation ?? 0
        let answer: HTTPResponse
        do throws(TransferError) {
            answer = try client.download(
                HTTPRequest("GET", link?.url ?? url, headers: headers), stop: stop,
                onHead: { head in
                    guard head.status == wanted else { return .keep }
                    progress.etag = progress.etag ?? head["etag"]
                    return .stream
                },
                { chunk in
                    do throws(BackupError) {
                        try body(chunk)
                        progress.offset += Int64(chunk.count)
                        return true
                    } catch {
                        progress.readersError = error
                        return false
                    }
                })
        } catch {
            if let own = progress.readersError { throw Failure(meaning: own, isWorthRetrying: false) }
            throw Failure(
                meaning: BackupError(.storageUnavailable, "reading \(name)", cause: error),
                isWorthRetrying: error.isWorthRetrying)
        }
        guard answer.status == wanted else { throw refused(answer) }
    }

    /// The store's own reason and the next step, and whether another address may do.
    private static func cause(_ answer: HTTPResponse) -> (words: String, isRefused: Bool) {
        let text = String(decoding: answer.body.prefix(4096), as: UTF8.self)
        let code = text.firstMatch(of: /<Code>([A-Za-z]{1,64})<\/Code>/).map { String($0.1) } ?? ""
        return switch code {
        case "InvalidObjectState":
            (
                " (\(code)); it lies in an archive class (Glacier): restore it from the archive first (`aws s3api "
                    + "restore-object`), and ask again when that is done", false
            )
        case "SignatureDoesNotMatch", "InvalidAccessKeyId", "InvalidToken":
            (" (\(code)); the link was signed with a wrong key: check the coordinator's access key and secret", true)
        case "ExpiredToken":
            (" (\(code)); the credentials that signed the link have run out: ask for the restore again", true)
        default: ("\(code.isEmpty ? "" : " (\(code))"); the link may have expired: ask for the restore again", true)
        }
    }

    private func refused(_ answer: HTTPResponse) -> Failure {
        let words = "reading \(name): the store answered \(answer.status)"
        switch answer.status {
        case 408, 429, 500, 502, 503, 504:
            let asked = answer["Retry-After"].flatMap { Int64($0) }.map { Duration.seconds(min(max(0, $0), 1_000_000)) }
            return Failure(meaning: BackupError(.storageUnavailable, words), asked: asked)
        case 412:
            return Failure(
                meaning: BackupError(.integrity, "\(name) changed while it was read"), isWorthRetrying: false)
        case 403:
            let (cause, isRefused) = Self.cause(answer)
            return Failure(
                meaning: BackupError(.storageRefused, "\(words)\(cause)"), isWorthRetrying: false, isRefused: isRefused)
        default:
            return Failure(meaning: BackupError(.storageRefused, words), isWorthRetrying: false)
        }
    }
}
