import Domain
import Foundation
import Sealing
import Storage
import TestSupport
import Testing
import Wire

/// What a probe finds is what the store does (FAULTS 166 to 169), and it leaves nothing.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct StoreProbeTests {
    private static let folder = S3Store.probeFolder("acme/")

    /// All that S3 itself would answer, in a bucket without versioning.
    private static func asAmazon(_ change: (inout StoreWays) -> Void = { _ in }) -> StoreWays {
        var ways = StoreWays()
        (ways.conditionOnPut, ways.conditionOnComplete) = (.honoured, .honoured)
        (ways.checksumOnPart, ways.checksumOnComplete) = (.honoured, .honoured)
        (ways.headTellsChecksum, ways.keepsMetadata, ways.etagIsMD5) = (true, true, true)
        (ways.joinsSmallParts, ways.keepsKeys, ways.versioning, ways.lock) = (false, true, false, false)
        change(&ways)
        return ways
    }

    @Test func motoAsACoordinatorMayAsk() throws {
        let moto = try MotoS3(bucket: "acme-backups")
        for who in ["admin", "coordinator"] {
            let found = try moto.store(who).probe(in: S3Store.probeFolder(""), token: who)
            #expect(found.notes == [], "\(who)")
            // moto looks at no checksum of what it gets, and keeps none that comes without the SDK's own header.
            #expect(
                found.ways
                    == Self.asAmazon {
                        ($0.checksumOnPart, $0.checksumOnComplete, $0.headTellsChecksum) = (.ignored, .ignored, false)
                    }, "\(who)")
        }
        #expect(try moto.store("admin").list(prefix: "") == [])
    }

    @Test func whatAnAgentMayNotDoIsNoFinding() throws {
        let moto = try MotoS3(bucket: "refused")
        #expect(code { _ = try moto.store("agent").probe(in: Self.folder, token: "t") } == .storageRefused)
    }

    @Test(
        arguments: [
            ([], asAmazon { $0.headTellsChecksum = false }),
            (["--versioned"], asAmazon { ($0.headTellsChecksum, $0.versioning) = (false, true) }),
            (["--joins-over"], asAmazon { ($0.headTellsChecksum, $0.conditionOnComplete) = (false, .ignored) }),
            (
                ["--no-conditional"],
                asAmazon {
                    ($0.headTellsChecksum, $0.conditionOnPut, $0.conditionOnComplete) = (false, .refused, .refused)
                }
            ),
            (["--no-listed-checksums"], asAmazon { ($0.headTellsChecksum, $0.checksumOnComplete) = (false, .refused) }),
            (
                ["--no-checksums"],
                asAmazon {
                    ($0.headTellsChecksum, $0.checksumOnPart, $0.checksumOnComplete) = (false, .refused, .refused)
                }
            ),
            (["--drops-metadata"], asAmazon { ($0.headTellsChecksum, $0.keepsMetadata) = (false, false) }),
            (["--other-etags"], asAmazon { ($0.headTellsChecksum, $0.etagIsMD5) = (false, false) }),
            (["--unescapes"], asAmazon { ($0.headTellsChecksum, $0.keepsKeys) = (false, false) }),
        ] as [([String], StoreWays)])
    func aScriptedStoreIsFoundOut(_ options: [String], _ expected: StoreWays) throws {
        let server = try ScriptedS3(options)
        let found = try server.store().probe(in: Self.folder, token: "t")
        // It joins parts of any size.
        var expected = expected
        expected.joinsSmallParts = true
        #expect(found.ways == expected)
        #expect(found.notes == [])
        let state = try server.state()
        #expect(state.objects.isEmpty && state.uploads == [] && state.violations == [])

        // What was found is used: nothing is refused any more, and what is stored is whole.
        let store = try server.store { $0.ways = found.ways }
        for (key, bytes) in [("small", SeededRandom.bytes(30_000)), ("large", SeededRandom.bytes(300_000))] {
            #expect(try store.store(key, bytes).bytes == Int64(bytes.count), "\(options)")
            #expect(code { try store.store(key, bytes.reversed()) } == .exists, "\(options)")
        }
        let used = try server.state()
        #expect(
            used.log[state.log.count...].allSatisfy {
                $0.last.map { ![.number(400), .number(501)].contains($0) } ?? true
            })
        #expect(used.violations == [])
    }

    /// Without any probe: what a store refuses is learned from the refusal, also by credentials that may only write.
    @Test(arguments: [
        ["--no-listed-checksums"], ["--no-conditional"], ["--no-conditional", "--no-listed-checksums"],
        ["--drops-metadata"], ["--drops-metadata", "--no-conditional"], ["--no-etag-of-joined"],
        ["--no-etag-of-joined", "--joins-over"],
    ]) func anUnknownStoreIsLearnedFrom(_ options: [String]) throws {
        for faults in [
            [], [ScriptedS3.Fault(op: "HeadObject", times: 99, do: "status", status: 403, code: "AccessDenied")],
        ] {
            let server = try ScriptedS3(faults: faults, options)
            let (small, large) = (SeededRandom.bytes(30_000), SeededRandom.bytes(300_000))
            let store = try server.store()
            #expect(try store.store("small", small).bytes == 30_000)
            #expect(try store.store("large", large).etag.hasSuffix("-5"))
            let state = try server.state()
            #expect(state.objects.mapValues(\.sha256) == ["small": hex(sha256(small)), "large": hex(sha256(large))])
            #expect(state.uploads == [] && state.violations == [], "\(options)")
        }
    }

    @Test func anObjectOfOthersWithoutMetadataIsNotTakenForOurs() throws {
        let server = try ScriptedS3(["--drops-metadata", "--joins-over"])
        let store = try server.store()
        try store.store("a", [1])
        #expect(code { try store.store("a", [2]) } == .exists)
        #expect(code { try store.store("a", SeededRandom.bytes(300_000)) } == .exists)
        #expect(try store.get("a", limit: 9) == [1])
    }

    @Test func aCoordinatorWithoutTheRightToProbeIsToldWhich() throws {
        let server = try ScriptedS3(faults: [
            .init(op: "Versioning", do: "status", status: 403, code: "AccessDenied")
        ])
        let notes = try server.store().probe(in: Self.folder, token: "t").notes
        #expect(notes.count == 1 && notes.first?.contains("s3:GetBucketVersioning") == true)
    }

    @Test func whatAnEarlierProbeLeftIsRemoved() throws {
        let server = try ScriptedS3()
        try server.store().store("\(Self.folder)old/a", [1])
        try server.store().store("acme/db-01/a", [1])
        _ = try server.store().probe(in: Self.folder, token: "t")
        #expect(try server.state().objects.keys.sorted() == ["acme/db-01/a"])
    }

    /// P12: what a plan says of a store makes a host more careful, and never less.
    @Test func whatAPlanSaysOfAStoreMakesNobodyLessCareful() throws {
        let server = try ScriptedS3(["--joins-over"])
        func store(_ put: StoreAnswer?, _ complete: StoreAnswer?) throws -> S3Store {
            try server.store { ($0.ways.conditionOnPut, $0.ways.conditionOnComplete) = (put, complete) }
        }
        let trusting = try store(.honoured, .honoured)
        #expect(!trusting.honoursConditions)
        try trusting.store("a", [1])
        #expect(code { try trusting.store("a", SeededRandom.bytes(300_000)) } == .exists)
        #expect(try server.state().count("HeadObject") >= 3)
        func amazon(_ put: StoreAnswer?, _ complete: StoreAnswer?) throws -> Bool {
            var configuration = S3Configuration(bucket: "bucket", region: "us-east-1")
            (configuration.ways.conditionOnPut, configuration.ways.conditionOnComplete) = (put, complete)
            let keys = StaticCredentials(Credentials(accessKeyID: "ID", secretAccessKey: "SECRET"))
            return try S3Store(configuration: configuration, credentials: keys, now: { Date() }).honoursConditions
        }
        #expect(try amazon(nil, nil) && amazon(.honoured, .honoured))
        #expect(try !amazon(.honoured, .ignored) && !amazon(.refused, nil))
    }

    // MARK: by a host

    @Test func aHostThatMayOnlyWriteFindsWhatItCan() throws {
        let moto = try MotoS3(bucket: "acme-backups")
        for round in 1...2 {
            let found = try moto.store("agent").probeAsHost(prefix: "p/", folder: "db-01/", token: "t")
            #expect((found.ways.conditionOnPut, found.ways.conditionOnComplete) == (.honoured, .honoured), "\(round)")
            // moto reads no Resource in a policy: outside of its folder this host may write there.
            #expect(found.excess == [.writeElsewhere])
        }
        #expect(
            try moto.store("admin").list(prefix: "").map(\.key).sorted() == [
                "p/.holdfast/probe/not-a-host", "p/db-01/.holdfast/probe/host", "p/db-01/.holdfast/probe/host-in-parts",
            ])
    }

    @Test func credentialsThatMayDoEverythingAreTold() throws {
        let moto = try MotoS3(bucket: "rich")
        let found = try moto.store("admin").probeAsHost(prefix: "", folder: "db-01/", token: "t")
        #expect(found.excess == [.writeElsewhere, .read, .list, .delete])
        #expect(try moto.store("admin").list(prefix: "") == [])
    }

    /// FAULT 168: B2 answers 501 to conditions, and the credentials may only write.
    @Test func aStoreThatAnswers501ToConditionsIsFoundOutByAHost() throws {
        let denied = ["HeadObject", "GetObject", "List", "DeleteObject"].map {
            ScriptedS3.Fault(op: $0, times: 99, do: "status", status: 403, code: "AccessDenied")
        }
        let server = try ScriptedS3(
            faults: denied, ["--faults-on-probes", "--no-conditional", "--no-listed-checksums"])
        let found = try server.store().probeAsHost(prefix: "", folder: "db-01/", token: "t")
        #expect((found.ways.conditionOnPut, found.ways.conditionOnComplete) == (.refused, .refused))
        #expect(found.ways.checksumOnComplete == .refused)
        #expect(try server.state().uploads == [])
    }

    @Test func aHostWhosePutsAreRefusedIsToldSo() throws {
        let server = try ScriptedS3(
            faults: [
                .init(op: "PutObject", times: 9, do: "status", status: 403, code: "AccessDenied")
            ], ["--faults-on-probes"])
        let error = #expect(throws: BackupError.self) {
            _ = try server.store().probeAsHost(prefix: "", folder: "db-01/", token: "t")
        }
        #expect(error?.code == .storageRefused)
        #expect(error?.message.contains("AccessDenied") == true)
    }
}
