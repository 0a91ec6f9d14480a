import Domain
import Foundation
import Storage
import TestSupport
import Testing
import Wire

/// OpenStack Swift and Ceph RGW as they are: what they do is found, and they are used all the same.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct OtherStoreTests {
    private static func ways(_ kind: OtherStore.Kind) -> StoreWays {
        var ways = StoreWays()
        (ways.checksumOnPart, ways.headTellsChecksum) = (.ignored, false)
        (ways.keepsMetadata, ways.etagIsMD5, ways.joinsSmallParts, ways.keepsKeys) = (true, true, false, true)
        (ways.versioning, ways.lock) = (false, false)
        switch kind {
        case .swift:
            (ways.conditionOnPut, ways.conditionOnComplete, ways.checksumOnComplete) = (.refused, .honoured, .refused)
        case .ceph:
            (ways.conditionOnPut, ways.conditionOnComplete, ways.checksumOnComplete) = (.honoured, .ignored, .ignored)
        }
        return ways
    }

    @Test(arguments: OtherStore.Kind.allCases) func whatItDoesIsFoundAndUsed(_ kind: OtherStore.Kind) throws {
        let server = try OtherStore(kind)
        let found = try server.store().probe(in: S3Store.probeFolder(""), token: "t")
        #expect(found.notes == [])
        #expect(found.ways == Self.ways(kind))
        #expect(try server.store().list(prefix: "") == [])
        // Known beforehand or not, it holds what it is given, whole, and never over what is there.
        for (name, ways) in [("known", found.ways), ("unknown", StoreWays())] {
            let store = try server.store { $0.ways = ways }
            for size in [0, 70_000, 12_000_000] {
                let (key, bytes) = ("\(name)/\(size) 100%25 ü", SeededRandom.bytes(size))
                #expect(try store.store(key, bytes, piece: 100_000).bytes == Int64(size))
                #expect(code { try store.store(key, SeededRandom.bytes(size + 1)) } == .exists)
                #expect(try store.get(key, limit: size) == bytes)
            }
            #expect(!store.honoursConditions)
        }
    }

    @Test(arguments: OtherStore.Kind.allCases) func aWrongSecretIsNotTakenForAMissingRight(_ kind: OtherStore.Kind)
        throws
    {
        let server = try OtherStore(kind)
        let store = try server.store(secret: "WRONG-CANARY")
        for ask in [{ _ = try store.head("a") }, { _ = try store.isTaken("a") }, { try store.store("a", [1]) }] {
            let error = #expect(throws: BackupError.self) { try ask() }
            #expect(error?.code == .storageRefused)
            #expect(error?.message.contains("SignatureDoesNotMatch") == true)
            #expect(error?.message.contains("check the access key and its secret") == true)
            #expect(error?.message.contains("CANARY") == false)
        }
    }

    @Test(arguments: OtherStore.Kind.allCases) func aHostFindsItOutToo(_ kind: OtherStore.Kind) throws {
        let server = try OtherStore(kind)
        let found = try server.store().probeAsHost(prefix: "", folder: "db-01/", token: "t")
        #expect(found.ways.conditionOnPut == Self.ways(kind).conditionOnPut)
        #expect(found.ways.conditionOnComplete == Self.ways(kind).conditionOnComplete)
        // FAULT 170: these credentials are of no prefix.
        #expect(found.excess == [.writeElsewhere, .read, .list, .delete])
        withExtendedLifetime(server) {}
    }
}
