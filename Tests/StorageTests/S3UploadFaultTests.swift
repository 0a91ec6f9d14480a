import Domain
import Foundation
import Sealing
import Testing
import Wire

@testable import Storage

/// Uploads against a server that goes wrong by script. Each looks at the bucket from outside.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct S3UploadFaultTests {
    typealias Fault = ScriptedS3.Fault
    static let small = SeededRandom.bytes(30_000)
    /// Four parts of 64 KiB and a rest.
    static let large = SeededRandom.bytes(300_000)

    /// After these, both a small and a large object are there, whole, and nothing else is.
    static let survivable: [(String, [Fault], [UInt8])] = [
        ("nothing goes wrong", [], large),
        ("nothing goes wrong, small", [], small),
        (
            "503 with Retry-After",
            [Fault(op: "PutObject", do: "status", status: 503, code: "SlowDown", headers: ["Retry-After": "1"])], small
        ),
        (
            "a burst of 503 in parts", [Fault(op: "UploadPart", times: 6, do: "status", status: 503, code: "SlowDown")],
            large
        ),
        (
            "500, 429, 502 and 504",
            [
                Fault(op: "UploadPart", do: "status", status: 500, code: "InternalError"),
                Fault(op: "UploadPart", do: "status", status: 429, code: "TooManyRequests"),
                Fault(op: "Create", do: "status", status: 502, code: "BadGateway"),
                Fault(op: "Complete", do: "status", status: 504, code: "GatewayTimeout"),
            ], large
        ),
        (
            "a reset in mid-body of a part", [Fault(op: "UploadPart", skip: 1, times: 2, do: "reset", after: 20_000)],
            large
        ),
        ("a reset in mid-body of an object", [Fault(op: "PutObject", do: "reset", after: 9000)], small),
        ("the answer to a part is lost", [Fault(op: "UploadPart", skip: 2, do: "lost")], large),
        ("the answer to the object is lost", [Fault(op: "PutObject", do: "lost")], small),
        ("the answer to Complete is lost", [Fault(op: "Complete", do: "lost")], large),
        (
            "the answer to Complete is lost, and looking fails",
            [
                Fault(op: "Complete", do: "lost"),
                Fault(op: "HeadObject", times: 1, do: "status", status: 503, code: "SlowDown"),
            ], large
        ),
        ("the answer to Create is lost", [Fault(op: "Create", do: "lost")], large),
        (
            "Complete answers 200 with an error, once",
            [
                Fault(op: "Complete", do: "answer", status: 200, body: "<Error><Code>InternalError</Code></Error>")
            ], large
        ),
        (
            "Complete answers 200 with cut XML, once",
            [
                Fault(op: "Complete", do: "answer", status: 200, body: "<CompleteMultipartUploadResult><ETag>\"abc")
            ], large
        ),
        (
            "Complete is done, but its answer is empty", [Fault(op: "Complete", do: "instead", status: 200, body: "")],
            large
        ),
        (
            "a proxy's page instead of an answer, once",
            [
                Fault(op: "Create", do: "answer", status: 200, body: "<!DOCTYPE html><html><body>log in</body></html>"),
                Fault(op: "Complete", do: "answer", status: 200, body: "<html><body>log in</body></html>"),
            ], large
        ),
        ("Complete sends blanks first", [Fault(op: "Complete", do: "blanks")], large),
        (
            "a bit flips on the way to a part",
            [Fault(op: "UploadPart", do: "status", status: 400, code: "XAmzContentSHA256Mismatch")], large
        ),
        ("looking afterwards fails at first", [Fault(op: "HeadObject", times: 3, do: "reset")], large),
    ]

    @Test(arguments: survivable.indices) func whatPassesIsSurvived(_ index: Int) throws {
        let (name, faults, bytes) = Self.survivable[index]
        let server = try ScriptedS3(faults: faults)
        let journal = MemoryUploadJournal()
        let facts = try server.store(journal: journal).store("db/a b+ü.gz", bytes)
        let state = try server.state()
        #expect(state.violations == [], "\(name)")
        #expect(state.unplayed == 0, "\(name): not every fault was met")
        #expect(state.objects.keys.sorted() == ["db/a b+ü.gz"])
        #expect(state.objects["db/a b+ü.gz"]?.sha256 == hex(sha256(bytes)), "\(name)")
        #expect(facts.bytes == Int64(bytes.count) && facts.etag == state.objects["db/a b+ü.gz"]?.etag)
        #expect(state.uploads == [], "\(name): an upload was left")
        #expect(journal.records() == [])
    }

    /// After these nothing is visible, no upload is left, and the code says why.
    static let fatal: [(String, [Fault], [UInt8], BackupError.Code, says: String)] = [
        (
            "a part is refused",
            [Fault(op: "UploadPart", skip: 2, times: 99, do: "status", status: 403, code: "AccessDenied")], large,
            .storageRefused, "AccessDenied"
        ),
        (
            "a part never passes",
            [Fault(op: "UploadPart", skip: 1, times: 9999, do: "status", status: 503, code: "SlowDown")], large,
            .storageUnavailable, "SlowDown"
        ),
        (
            "Complete always answers 200 with an error",
            [
                Fault(
                    op: "Complete", times: 9999, do: "answer", status: 200,
                    body: "<Error><Code>InternalError</Code></Error>")
            ], large, .storageUnavailable, "InternalError"
        ),
        (
            "Complete always answers nothing",
            [Fault(op: "Complete", times: 9999, do: "answer", status: 200, body: "")], large, .storageUnavailable, "XML"
        ),
        (
            "Complete is refused", [Fault(op: "Complete", do: "status", status: 400, code: "InvalidPart")], large,
            .storageRefused, "InvalidPart"
        ),
        (
            "a part's ETag is of other bytes",
            [
                Fault(op: "UploadPart", skip: 1, times: 9999, do: "etag", etag: "\"00000000000000000000000000000000\"")
            ], large, .storageRefused, "InvalidPart"
        ),
        (
            "no quota", [Fault(op: "PutObject", times: 9, do: "status", status: 403, code: "QuotaExceeded")], small,
            .storageRefused, "quota"
        ),
        (
            "wrong key", [Fault(op: "*", times: 99, do: "status", status: 403, code: "InvalidAccessKeyId")], small,
            .storageRefused, "check the access key"
        ),
        (
            "bucket gone", [Fault(op: "*", times: 99, do: "status", status: 404, code: "NoSuchBucket")], large,
            .storageRefused, "create the bucket"
        ),
    ]

    @Test(arguments: fatal.indices) func whatDoesNotPassLeavesNothing(_ index: Int) throws {
        let (name, faults, bytes, code, says) = Self.fatal[index]
        let server = try ScriptedS3(faults: faults)
        let store = try server.store { $0.retry.budget = .milliseconds(400) }
        let error = #expect(throws: BackupError.self) { try store.store("db/a.gz", bytes) }
        #expect(error?.code == code, "\(name): \(error.map(\.description) ?? "")")
        #expect(error?.description.contains(says) == true, "\(name): \(error.map(\.description) ?? "")")
        let state = try server.state()
        #expect(state.objects.isEmpty, "\(name)")
        #expect(state.uploads == [], "\(name)")
        if faults.contains(where: { $0.op == "UploadPart" && $0.status != nil }) {
            #expect(state.count("Complete") == 0, "\(name): completed after a part had failed")
        }
    }

    @Test func withoutAChecksumEchoAWrongETagIsNoticedAtThePart() throws {
        let fault = Fault(
            op: "UploadPart", times: 9999, do: "etag", etag: "\"00000000000000000000000000000000\"", believes: true)
        let server = try ScriptedS3(faults: [fault], ["--no-checksum-echo"])
        let store = try server.store { $0.retry.budget = .milliseconds(300) }
        #expect(code { try store.store("a", Self.large) } == .integrity)
        #expect(try server.state().count("Complete") == 0)
    }

    @Test func aWrongETagBesideARightChecksumDoesNotSpoilAWholeObject() throws {
        let fault = Fault(
            op: "UploadPart", skip: 1, do: "etag", etag: "\"00000000000000000000000000000000\"", believes: true)
        // The composite is then of the wrong ETag too, and the object is whole: what was joined is what was confirmed.
        let server = try ScriptedS3(faults: [fault])
        let facts = try server.store().store("a", Self.large)
        #expect(try server.state().objects["a"]?.sha256 == hex(sha256(Self.large)))
        #expect(facts.bytes == 300_000)
    }

    @Test func partsThatWereJoinedWrongAreNoticed() throws {
        let body =
            "<CompleteMultipartUploadResult><ETag>\"00000000000000000000000000000000-5\"</ETag></CompleteMultipartUploadResult>"
        let server = try ScriptedS3(faults: [Fault(op: "Complete", do: "instead", status: 200, body: body)])
        #expect(code { try server.store().store("a", Self.large) } == .integrity)
    }

    @Test func anObjectThatIsShorterThanWhatWasSentIsNoticed() throws {
        let server = try ScriptedS3(faults: [Fault(op: "Complete", do: "drop")])
        #expect(code { try server.store().store("a", Self.large) } == .integrity)
    }

    @Test(arguments: [small, large]) func aTakenKeyIsNeverOverwritten(bytes: [UInt8]) throws {
        let server = try ScriptedS3()
        let first = try server.store().store("a", Self.small)
        #expect(code { try server.store().store("a", bytes) } == .exists)
        let state = try server.state()
        #expect(state.objects["a"]?.etag == first.etag)
        #expect(state.uploads == [])
    }

    @Test(arguments: [small, large]) func aStoreWithoutCreateOnlyWritesIsLookedAtFirst(bytes: [UInt8]) throws {
        let server = try ScriptedS3(["--no-conditional"])
        try server.store().store("a", bytes)
        #expect(code { try server.store().store("a", Self.small) } == .exists)
        let state = try server.state()
        #expect(state.objects["a"]?.sha256 == hex(sha256(bytes)))
        #expect(state.violations == [])
    }

    /// Ceph RGW 16: the condition holds for one request, and not when parts are joined.
    @Test func partsAreNotJoinedOverWhatLiesThere() throws {
        let server = try ScriptedS3(["--joins-over"])
        try server.store().store("a", Self.small)
        let error = #expect(throws: BackupError.self) { try server.store().store("a", Self.large) }
        #expect(error?.code == .exists)
        let state = try server.state()
        #expect(state.objects["a"]?.sha256 == hex(sha256(Self.small)))
        #expect(state.count("Complete") == 0 && state.uploads == [])
    }

    /// The store said that it took it, and then it lies there no more: no success, and not ours to touch.
    @Test(arguments: ["PutObject", "Complete"]) func whatIsReplacedUnderUsIsNoSuccess(_ operation: String) throws {
        let bytes = operation == "Complete" ? Self.large : Self.small
        let server = try ScriptedS3(faults: [Fault(op: operation, do: "replaced")], ["--joins-over"])
        let error = #expect(throws: BackupError.self) { try server.store().store("a", bytes) }
        #expect(error?.code == .exists)
        #expect(error?.message.contains("replaced by another upload") == true)
        let state = try server.state()
        #expect(state.objects["a"]?.sha256 == hex(sha256([UInt8](repeating: 0, count: bytes.count))))
        #expect(state.count("DeleteObject") == 0)
    }

    /// The first try was done and its answer lost; the second finds the name taken, by us. Nobody may look.
    @Test(arguments: ["PutObject", "Complete"])
    func aLostAnswerWithCredentialsThatMayOnlyWriteIsNoForeignObject(_ operation: String) throws {
        let bytes = operation == "Complete" ? Self.large : Self.small
        let server = try ScriptedS3(
            faults: [
                Fault(op: "HeadObject", times: 99, do: "status", status: 403, code: "AccessDenied"),
                Fault(op: operation, do: "lost"),
            ])
        let facts = try server.store().store("a", bytes)
        let state = try server.state()
        #expect(state.objects.mapValues(\.sha256) == ["a": hex(sha256(bytes))])
        #expect(facts.bytes == Int64(bytes.count))
        #expect(state.count(operation) == 2 && state.uploads == [])
    }

    /// Nothing was lost: then the name is somebody else's, whether or not we may look.
    @Test(arguments: [small, large]) func aTakenNameIsTakenAlsoWhereNobodyMayLook(_ bytes: [UInt8]) throws {
        let fault = Fault(op: "HeadObject", times: 99, do: "status", status: 403, code: "AccessDenied")
        let server = try ScriptedS3(faults: [fault])
        try server.store().store("a", Self.small)
        #expect(code { try server.store().store("a", bytes) } == .exists)
        #expect(try server.store().isTaken("a") == nil)
    }

    @Test func whetherANameIsTakenCanBeAsked() throws {
        let server = try ScriptedS3()
        let store = try server.store()
        #expect(try store.isTaken("a") == false)
        try store.store("a", Self.small)
        #expect(try store.isTaken("a") == true)
        #expect(!store.honoursConditions)
    }

    @Test func credentialsThatMayOnlyWriteAreEnough() throws {
        let fault = Fault(op: "HeadObject", times: 99, do: "status", status: 403, code: "AccessDenied")
        let server = try ScriptedS3(faults: [fault])
        #expect(try server.store().store("a", Self.large).bytes == 300_000)
        #expect(try server.store().store("b", Self.small).bytes == 30_000)
        #expect(try server.state().objects.count == 2)
    }

    @Test func anAbortIsRepeatedUntilTheUploadIsGone() throws {
        let server = try ScriptedS3(faults: [Fault(op: "Abort", times: 2, do: "keep")])
        let upload = try server.store().beginUpload("a")
        try upload.write(Self.large)
        upload.abort()
        let state = try server.state()
        #expect(state.uploads == [] && state.objects.isEmpty)
        #expect(state.count("Abort") == 3)
    }

    @Test func partsGrowSoThatTheyNeverRunOut() throws {
        let server = try ScriptedS3()
        let bytes = SeededRandom.bytes(1000 * 256 + 60 * 512 + 17)
        try server.store { $0.parts = PartPlan(base: 256) }.store("a", bytes)
        let state = try server.state()
        #expect(state.objects["a"]?.sha256 == hex(sha256(bytes)))
        #expect(state.count("UploadPart") == 1061)
        #expect(state.violations == [])
    }

    /// Cloudflare R2.
    @Test func aStoreThatDemandsPartsOfOneSizeGetsThem() throws {
        let server = try ScriptedS3(["--equal-parts"])
        let bytes = SeededRandom.bytes(1003 * 256 + 17)
        let error = #expect(throws: BackupError.self) {
            try server.store { $0.parts = PartPlan(base: 256) }.store("a", bytes)
        }
        #expect(error?.message.contains("must have the same length") == true, "\(error?.message ?? "")")
        try server.store { $0.parts = PartPlan(base: 256, areEqual: true) }.store("b", bytes)
        let state = try server.state()
        #expect(state.objects["b"]?.sha256 == hex(sha256(bytes)) && state.objects["a"] == nil)
        var place = Destination.S3(bucket: "b", region: "auto")
        place.endpoint = "https://0123.r2.cloudflarestorage.com"
        #expect(try S3Configuration(place).parts.size(ofPart: 10_000) == 64 << 20)
        (place.ways, place.endpoint) = (StoreWays(), "https://s3.example.org")
        #expect(try S3Configuration(place).parts.size(ofPart: 1) == 8 << 20)
        place.ways?.takesUnequalParts = false
        #expect(try S3Configuration(place).parts.size(ofPart: 1) == 64 << 20)
    }
}
