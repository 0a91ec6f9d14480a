package import Domain
package import Foundation
package import Threads
import Transfer
import Wire

/// Objects in an S3 bucket, written create-only.
///
/// What passes by itself (a broken connection, "slow down", a server's error) is tried again within
/// ``S3Configuration/retry``; what does not is `.storageRefused` with S3's code and a remedy.
package struct S3Store: ObjectStore {
    let session: S3Session
    let client: TransferClient
    let journal: any UploadJournal
    let stop: StopSignal?

    /// `journal` is where uploads under way are remembered; an agent gives one that outlives it. `now` is the clock
    /// that requests are signed with. Throws `.configuration`.
    package init(
        configuration: S3Configuration, credentials: any CredentialProvider,
        journal: any UploadJournal = MemoryUploadJournal(), now: @escaping @Sendable () -> Date
    ) throws(BackupError) {
        client = TransferClient(configuration.transferOptions)
        session = try S3Session(configuration, credentials: credentials, client: client, now: now)
        self.journal = journal
        stop = nil
    }

    private init(_ other: S3Store, stop: StopSignal) {
        (session, client, journal, self.stop) = (other.session, other.client, other.journal, stop)
    }

    /// The same store, whose calls end with `.cancelled` within a second after `stop` was stopped. Cleaning up goes on.
    package func stopping(with stop: StopSignal) -> S3Store { S3Store(self, stop: stop) }

    package func beginUpload(_ key: String) throws(BackupError) -> any ObjectUpload {
        try ObjectKey.check(key)
        return try S3Upload(key: key, session: session, client: client, journal: journal, stop: stop)
    }

    package func head(_ key: String) throws(BackupError) -> ObjectFacts {
        try ObjectKey.check(key)
        do throws(S3Problem) {
            return try session.head(key, withChecksum: true, stop: stop).facts
        } catch {
            throw error.meaning
        }
    }

    /// Asked with the little patience of one who has something else to do where no answer comes.
    package func isTaken(_ key: String) throws(BackupError) -> Bool? {
        try ObjectKey.check(key)
        do throws(S3Problem) {
            _ = try session.head(key, stop: stop, retry: session.configuration.retry.forAbort)
            return true
        } catch {
            switch error.failure.kind {
            case .absentKey: return false
            case _ where error.failure.lacksRight: return nil
            default: throw error.meaning
            }
        }
    }

    /// Of others than Amazon's own some ignore the condition, or do so when they join parts (Ceph RGW 16): they are asked first. What
    /// is said of conditions makes us more careful and never less, since it comes from a coordinator that may be hostile (P12).
    package var honoursConditions: Bool {
        let ways = session.configuration.ways
        return session.isAWS
            && [ways.conditionOnPut, ways.conditionOnComplete].allSatisfy { $0 ?? .honoured == .honoured }
    }

    package func visit(
        prefix: String, _ body: ([ObjectFacts]) throws(BackupError) -> Void
    ) throws(BackupError) {
        var token: String?
        repeat {
            var operation = S3Operation("list \(prefix)", "GET", key: nil)
            operation.query = [("list-type", "2"), ("prefix", prefix), ("encoding-type", "url"), ("max-keys", "1000")]
            if let token { operation.query.append(("continuation-token", token)) }
            let page: (objects: [ObjectFacts], next: String?)
            do throws(S3Problem) {
                page = try session.perform(operation, stop: stop) { (answer) throws(S3Failure) in
                    let page = try S3Answers.listing(answer)
                    // The wrong keys would be as bad as missing ones.
                    guard page.objects.allSatisfy({ $0.key.hasPrefix(prefix) }), page.next == nil || page.next != token
                    else {
                        throw S3Failure(.later, message: "the listing is not what was asked for")
                    }
                    return page
                }
            } catch {
                // A bucket that is absent is not an empty one.
                throw error.failure.kind == .absentKey
                    ? BackupError(.storageRefused, error.meaning.message) : error.meaning
            }
            try body(page.objects)
            token = page.next
        } while token != nil
    }

    package func delete(_ key: String) throws(BackupError) {
        try ObjectKey.check(key)
        do throws(S3Problem) {
            try session.perform(S3Operation("delete \(key)", "DELETE", key: key), stop: stop) { _ in }
        } catch  where error.failure.kind == .absentKey {
            return
        } catch {
            throw error.meaning
        }
    }

    /// A URL that lets whoever has it read one object, for `expires` seconds (at most 7 days) from now. It is a secret.
    package func presignGet(_ key: String, expires: Int) throws(BackupError) -> String {
        try ObjectKey.check(key)
        guard (1...604_800).contains(expires) else {
            throw BackupError(.usage, "a presigned URL is good for 1 second to 7 days, not \(expires) seconds")
        }
        return try session.presign(key, expires: expires)
    }
}
