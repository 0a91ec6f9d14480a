import Domain
import Foundation
import Sealing
import Storage
import Synchronization
import TestSupport
import Testing
import Threads

/// Credentials, clocks, redirects, downtime, reading and listing, against the scripted server.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct S3FaultTests {
    typealias Fault = ScriptedS3.Fault
    static let small = S3UploadFaultTests.small
    static let large = S3UploadFaultTests.large

    /// Gives the next of its credentials when the last one was rejected.
    private final class RotatingCredentials: CredentialProvider {
        private let rest: Mutex<[Credentials]>

        init(_ all: [Credentials]) { rest = Mutex(all) }

        func credentials(replacing rejected: Credentials?) throws(BackupError) -> Credentials {
            rest.withLock { rest in
                if rest.count > 1, rest[0] == rejected { rest.removeFirst() }
                return rest[0]
            }
        }
    }

    /// FAULT 165: an answer to HEAD has no words. Whoever may only write has a right that is missing, and no wrong secret.
    @Test func aWrongSecretIsToldFromAMissingRightWhereOnlyHeadIsAsked() throws {
        let server = try ScriptedS3(["--identity", "ID:ANOTHER"])
        let wrong = #expect(throws: BackupError.self) { _ = try server.store().isTaken("a") }
        #expect(wrong?.message.contains("SignatureDoesNotMatch") == true)
        let denied = ["HeadObject", "GetObject"].map {
            Fault(op: $0, times: 9, do: "status", status: 403, code: "AccessDenied")
        }
        let refusing = try ScriptedS3(faults: denied)
        let store = try refusing.store()
        #expect(try store.isTaken("a") == nil && store.isTaken("b") == nil)
        // Asked once, and known from then on.
        #expect(try refusing.state().count("GetObject") == 1)
    }

    @Test func anArchivedObjectIsToldAsSuch() throws {
        let fault = Fault(op: "GetObject", times: 9, do: "status", status: 403, code: "InvalidObjectState")
        let server = try ScriptedS3(faults: [fault])
        let error = #expect(throws: BackupError.self) { _ = try server.store().get("a", limit: 9) }
        #expect(error?.code == .storageRefused)
        #expect(error?.message.contains("restore it from the archive first") == true)
    }

    @Test func anExpiredTokenInMidUploadIsRenewed() throws {
        let fault = Fault(op: "UploadPart", skip: 2, times: 1, do: "status", status: 400, code: "ExpiredToken")
        let server = try ScriptedS3(
            faults: [fault], ["--identity", "OLD:SECRET1:TOKEN1", "--identity", "NEW:SECRET2:TOKEN2"])
        let credentials = RotatingCredentials([
            Credentials(accessKeyID: "OLD", secretAccessKey: "SECRET1", sessionToken: "TOKEN1"),
            Credentials(accessKeyID: "NEW", secretAccessKey: "SECRET2", sessionToken: "TOKEN2"),
        ])
        try server.store(credentials: credentials).store("a", Self.large)
        let state = try server.state()
        #expect(state.objects["a"]?.sha256 == hex(sha256(Self.large)))
        #expect(state.violations == [])
        #expect(try credentials.credentials(replacing: nil).accessKeyID == "NEW")
        #expect(state.count("Create") == 1, "the upload was begun anew")
    }

    @Test func anExpiredTokenWithoutANewerOneIsRefused() throws {
        let server = try ScriptedS3(faults: [Fault(op: "*", times: 99, do: "status", status: 400, code: "ExpiredToken")]
        )
        let error = #expect(throws: BackupError.self) { try server.store().store("a", Self.small) }
        #expect(error?.code == .storageRefused)
        #expect(error?.message.contains("have run out") == true)
    }

    @Test func aSkewedClockIsMendedOnceFromTheAnswer() throws {
        let fault = Fault(
            op: "PutObject", do: "status", status: 403, code: "RequestTimeTooSkewed",
            headers: ["Date": "Thu, 15 Jan 2026 02:00:00 GMT"])
        let server = try ScriptedS3(faults: [fault])
        let store = try server.store(at: Date(timeIntervalSince1970: 0))
        try store.store("a", Self.small)
        #expect(try store.presignGet("a", expires: 60).contains("X-Amz-Date=20260115T020000Z"))
    }

    @Test func redirectsToAnotherHostAreNotFollowed() throws {
        let other = try ScriptedS3()
        let location = "http://127.0.0.1:\(other.process.port)/bucket/a"
        for status in [301, 307] {
            let fault = Fault(
                op: "PutObject", times: 99, do: "status", status: status, code: "TemporaryRedirect",
                headers: ["Location": location, "x-amz-bucket-region": "eu-west-1"])
            let server = try ScriptedS3(faults: [fault])
            let error = #expect(throws: BackupError.self) { try server.store().store("a", Self.small) }
            #expect(error?.code == .storageRefused)
            #expect(error?.message.contains("eu-west-1") == true)
            #expect(try server.state().count("PutObject") == 1)
        }
        #expect(try other.state().log == [])
    }

    @Test func aBucketThatIsAbsentIsNotAnEmptyOne() throws {
        let server = try ScriptedS3()
        let store = try server.store { $0.bucket = "elsewhere" }
        let error = #expect(throws: BackupError.self) { try store.list(prefix: "") }
        #expect(error?.code == .storageRefused)
        #expect(error?.message.contains("NoSuchBucket") == true)
    }

    @Test func anEndpointThatComesBackIsWaitedFor() throws {
        let server = try ScriptedS3(["--down-for", "1.5"])
        try server.store { $0.retry.budget = .seconds(20) }.store("a", Self.large)
        #expect(try server.state().objects["a"]?.sha256 == hex(sha256(Self.large)))
    }

    @Test func anEndpointThatStaysAwayFailsInTime() throws {
        let server = try ScriptedS3(["--down-for", "3600"])
        let began = ContinuousClock.now
        let store = try server.store { $0.retry.budget = .milliseconds(500) }
        #expect(code { try store.store("a", Self.small) } == .storageUnavailable)
        #expect(began.duration(to: .now) < .seconds(60))
    }

    @Test func aStopEndsAnUploadThatHangs() throws {
        let server = try ScriptedS3(faults: [Fault(op: "UploadPart", times: 99, do: "hang")])
        let stop = StopSignal()
        let store = try server.store().stopping(with: stop)
        let timer = Thread { [stop] in
            Thread.sleep(forTimeInterval: 0.2)
            stop.stop()
        }
        timer.start()
        let began = ContinuousClock.now
        #expect(code { try store.store("a", Self.large) } == .cancelled)
        #expect(began.duration(to: .now) < .seconds(60))
        #expect(try server.state().uploads == [])
    }

    @Test func readingGoesOnWhereItBroke() throws {
        let faults = [
            Fault(op: "GetObject", do: "cut", after: 100_000),
            Fault(op: "GetObject", do: "status", status: 503, code: "SlowDown"),
            Fault(op: "GetObject", do: "cut", after: 1),
        ]
        let server = try ScriptedS3(faults: faults)
        let store = try server.store()
        try store.store("a", Self.large)
        #expect(try store.get("a", limit: 1 << 20) == Self.large)
        let state = try server.state()
        #expect(state.unplayed == 0 && state.violations == [])
        #expect(state.count("GetObject") == 4)
    }

    @Test(arguments: ["", "<html><body>404 Not Found</body></html>"])
    func aProxysNotFoundIsNoAbsentObject(body: String) throws {
        let faults = ["GetObject", "DeleteObject"].map {
            Fault(op: $0, times: 9999, do: "answer", status: 404, body: body)
        }
        let server = try ScriptedS3(faults: faults)
        let store = try server.store { $0.retry.budget = .milliseconds(200) }
        try store.store("a", Self.small)
        #expect(code { _ = try store.get("a", limit: 1 << 20) } == .storageUnavailable)
        #expect(code { try store.delete("a") } == .storageUnavailable)
        #expect(try server.state().objects["a"] != nil)
    }

    @Test func anObjectThatChangesWhileItIsReadIsNoticed() throws {
        let faults = [
            Fault(op: "GetObject", do: "cut", after: 100_000),
            Fault(op: "GetObject", do: "status", status: 412, code: "PreconditionFailed"),
        ]
        let server = try ScriptedS3(faults: faults)
        let store = try server.store()
        try store.store("a", Self.large)
        #expect(code { _ = try store.get("a", limit: 1 << 20) } == .integrity)
    }

    @Test func aReadersOwnErrorEndsTheReading() throws {
        let server = try ScriptedS3()
        let store = try server.store()
        try store.store("a", Self.large)
        #expect(code { _ = try store.get("a", limit: 1000) } == .integrity)
        #expect(try server.state().count("GetObject") == 1)
    }

    @Test func listingsAreWholeWhateverTheirPages() throws {
        let server = try ScriptedS3(["--page", "7"])
        let store = try server.store()
        let keys = (0..<40).map { "x/k\($0) +%&ü.gz" }
        for key in keys { try store.store(key, [1, 2, 3]) }
        try store.store("y", [1])
        #expect(try store.list(prefix: "x/").map(\.key).sorted() == keys.sorted())
        #expect(try server.state().count("List") == 6)
    }

    @Test func listingsGoOnAfterAThousandKeys() throws {
        let server = try ScriptedS3()
        let store = try server.store()
        for number in 0..<1005 { try store.store("k\(number)", [1]) }
        #expect(Set(try store.list(prefix: "k").map(\.key)).count == 1005)
        #expect(try server.state().count("List") == 2)
    }

    @Test func retryAfterIsObeyedAndNotBeyondOurPatience() throws {
        let short = Fault(
            op: "PutObject", do: "status", status: 503, code: "SlowDown", headers: ["Retry-After": "1"])
        let server = try ScriptedS3(faults: [short])
        let began = ContinuousClock.now
        try server.store().store("a", Self.small)
        #expect(began.duration(to: .now) >= .seconds(1))
        let long = Fault(
            op: "PutObject", times: 9, do: "status", status: 503, code: "SlowDown", headers: ["Retry-After": "3600"])
        let other = try ScriptedS3(faults: [long])
        #expect(code { try other.store().store("a", Self.small) } == .storageUnavailable)
        #expect(try other.state().count("PutObject") == 1)
    }

    @Test(arguments: [
        #"<Error><Code>InternalError</Code></Error>"#,
        #"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"#,
        #"<ListBucketResult><IsTruncated>false</IsTruncated>"#,
        #"<ListBucketResult></ListBucketResult>"#,
        #"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>x/1</Key></Contents></ListBucketResult>"#,
        #"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>y</Key><Size>1</Size></Contents></ListBucketResult>"#,
        #"<html><body>welcome</body></html>"#, "",
    ]) func aListingThatIsNotOneIsAnErrorAndNeverEmpty(body: String) throws {
        let server = try ScriptedS3(faults: [Fault(op: "List", times: 9999, do: "answer", status: 200, body: body)])
        let store = try server.store { $0.retry.budget = .milliseconds(200) }
        #expect(code { _ = try store.list(prefix: "x/") } == .storageUnavailable)
    }

    @Test func anEmptyPageThatGoesOnIsNotTheEnd() throws {
        let empty =
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>token-0</NextContinuationToken></ListBucketResult>"
        let server = try ScriptedS3(faults: [Fault(op: "List", do: "answer", status: 200, body: empty)])
        let store = try server.store()
        try store.store("x", [1])
        #expect(try store.list(prefix: "").map(\.key) == ["x"])
    }

    @Test func orphansOfACrashAreAbortedAndNoOthers() throws {
        let server = try ScriptedS3()
        let journal = MemoryUploadJournal()
        // A process that dies: its uploads are neither committed nor aborted, and one never learned its id.
        let lost = try server.store(journal: journal).beginUpload("mine")
        try lost.write(Self.large)
        let foreign = try server.store().beginUpload("mine-too-it-seems")
        try foreign.write(Self.large)
        var record = try #require(journal.records().first)
        record.uploadID = nil
        journal.write(record)
        #expect(try server.store(journal: journal).abortOrphans() == ["mine"])
        #expect(journal.records() == [])
        #expect(try server.state().uploads.map { $0[0] } == ["mine-too-it-seems"])
        lost.abort()
        foreign.abort()
    }

    /// While others are under way only those go that were given up; one that does not go away is no reason to leave the rest,
    /// and a store that is away is.
    @Test(arguments: [("keep", 5, 1), ("reset", 999, 2)])
    func whatWasGivenUpGoesWhenItsStoreIsThere(fault: String, times: Int, left: Int) throws {
        let server = try ScriptedS3(faults: [Fault(op: "Abort", times: times, do: fault)])
        let journal = MemoryUploadJournal()
        let store = try server.store(journal: journal) {
            $0.retry.abortBudget = fault == "keep" ? .seconds(20) : .milliseconds(200)
        }
        let uploads = try ["a", "b", "active"].map { key in
            let upload = try store.beginUpload(key)
            try upload.write(Self.large)
            return upload
        }
        for record in journal.records() where record.key != "active" {
            var record = record
            record.isGivenUp = true
            journal.write(record)
        }
        #expect(throws: BackupError.self) { _ = try store.abortOrphans(onlyGivenUp: true) }
        #expect(journal.records().count { $0.isGivenUp } == left)
        let facts = try uploads[2].commit(bytes: Int64(Self.large.count), sha256: hex(sha256(Self.large)))
        #expect(facts.bytes == Int64(Self.large.count))
        #expect(try server.state().uploads.count == left)
        for upload in uploads.dropLast() { upload.abort() }
    }

    @Test func theFileJournalSurvivesItsProcess() throws {
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "uploads").path
            let record = UploadRecord(store: "https://s3/b", key: "a/b c", uploadID: "u")
            try FileUploadJournal(folder: path).write(record)
            try Data("{".utf8).write(to: folder.appending(path: "uploads/torn.json"))
            try Data(#"{"store":"https://s3/b","key":"before","uploadID":"v"}"#.utf8).write(
                to: folder.appending(path: "uploads/before.json"))
            let again = try FileUploadJournal(folder: path)
            let before = UploadRecord(store: "https://s3/b", key: "before", uploadID: "v")
            #expect(try Set(again.records()) == [record, before])
            try FileManager.default.removeItem(at: folder.appending(path: "uploads/before.json"))
            try again.remove(store: "https://s3/b", key: "a/b c")
            try again.remove(store: "https://s3/b", key: "a/b c")
            #expect(try again.records() == [])
        }
    }
}
