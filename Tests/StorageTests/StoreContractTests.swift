import Domain
import Foundation
import Sealing
import Storage
import TestSupport
import Testing
import Transfer

/// What every store promises, on a directory, on our scripted S3, and on moto over TLS with signatures enforced.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct StoreContractTests {
    enum Kind: CaseIterable {
        case directory, scripted, moto, motoVirtualHost
    }

    /// Runs `body` with an empty store of that kind.
    private func withStore(_ kind: Kind, _ body: (any ObjectStore) throws -> Void) throws {
        switch kind {
        case .directory: try withTemporaryFolder { try body(DirectoryStore(root: $0.path)) }
        case .scripted:
            let server = try ScriptedS3()
            try body(server.store())
            #expect(try server.state().violations == [])
        case .moto, .motoVirtualHost:
            let moto = try MotoS3(bucket: "contract")
            try body(
                moto.store("admin") {
                    $0.style = kind == .moto ? .path : .virtualHost
                    $0.parts = PartPlan(base: 5 << 20)
                })
            withExtendedLifetime(moto) {}
        }
    }

    @Test(arguments: Kind.allCases) func whatIsStoredComesBack(kind: Kind) throws {
        try withStore(kind) { store in
            let sizes = [0, 1, 70_000, 5 << 20, 12_000_000]
            for (number, size) in sizes.enumerated() {
                let (key, bytes) = (
                    "db-01/database-backups/n \(number)+ü%2F.sql.gz", SeededRandom.bytes(size, seed: UInt64(number))
                )
                let facts = try store.store(key, bytes, piece: 100_000)
                #expect(facts.key == key && facts.bytes == Int64(size))
                var seen = try store.head(key)
                // What only a look shows: when it was written, and by which clock.
                (seen.modifiedAt, seen.storeTime, seen.checksum) = (facts.modifiedAt, facts.storeTime, facts.checksum)
                #expect(seen == facts)
                #expect(try store.get(key, limit: size) == bytes, "\(size) bytes")
            }
            let listed = try store.list(prefix: "db-01/database-backups/n ")
            #expect(listed.count == 5)
            #expect(listed.map(\.bytes).sorted() == sizes.map(Int64.init))
        }
    }

    @Test(arguments: Kind.allCases) func storedObjectsNeverChange(kind: Kind) throws {
        try withStore(kind) { store in
            try store.store("a", [1, 2, 3])
            #expect(code { try store.store("a", [4]) } == .exists)
            #expect(try store.get("a", limit: 10) == [1, 2, 3])
        }
    }

    @Test(arguments: Kind.allCases) func absentObjectsAreSaidToBeAbsent(kind: Kind) throws {
        try withStore(kind) { store in
            try store.store("no/other", [1])
            #expect(code { _ = try store.head("no/such") } == .notFound)
            #expect(code { _ = try store.get("no/such", limit: 1) } == .notFound)
            try store.delete("no/such")
            #expect(code { _ = try store.head("no/folder/such") } == .notFound)
            try store.delete("no/folder/such")
            #expect(try store.list(prefix: "no/such") == [])
        }
    }

    @Test(arguments: Kind.allCases) func deletionIsByExactKey(kind: Kind) throws {
        try withStore(kind) { store in
            for key in ["x/a", "x/ab", "x/b/c"] { try store.store(key, [1]) }
            try store.delete("x/a")
            #expect(try store.list(prefix: "x/").map(\.key).sorted() == ["x/ab", "x/b/c"])
            #expect(try store.list(prefix: "x/b").map(\.key) == ["x/b/c"])
        }
    }

    @Test(arguments: Kind.allCases) func anAbortedUploadLeavesNothing(kind: Kind) throws {
        try withStore(kind) { store in
            let upload = try store.beginUpload("a")
            let bytes = SeededRandom.bytes(11 << 20)
            try upload.write(bytes)
            upload.abort()
            #expect(try store.list(prefix: "") == [])
            #expect(code { _ = try upload.commit(bytes: 11 << 20, sha256: hex(sha256(bytes))) } == .bug)
        }
    }

    @Test(arguments: Kind.allCases) func aCountThatIsNotWhatWasWrittenIsRefused(kind: Kind) throws {
        try withStore(kind) { store in
            let upload = try store.beginUpload("a")
            try upload.write([1, 2])
            #expect(code { _ = try upload.commit(bytes: 3, sha256: hex(sha256([1, 2]))) } == .integrity)
            upload.abort()
            #expect(try store.list(prefix: "") == [])
        }
    }

    @Test func aPresignedURLReadsOneObjectAndNoOther() throws {
        let moto = try MotoS3(bucket: "presigned")
        let store = try moto.store("session")
        let key = "db-01/a b+ü.gz"
        try store.store(key, [1, 2, 3])
        try store.store("other", [4])
        var options = TransferOptions()
        options.trust = .file(try #require(moto.configuration().caFile))
        let client = TransferClient(options)
        let url = try store.presignGet(key, expires: 60)
        #expect(try client.send(HTTPRequest("GET", url)).body == [1, 2, 3])
        let forged = url.replacing("/presigned/db-01/", with: "/presigned/db-02/")
        #expect(try client.send(HTTPRequest("GET", forged)).status == 403)
        #expect(try client.send(HTTPRequest("DELETE", url)).status == 403)
        #expect(code { _ = try store.presignGet(key, expires: 604_801) } == .usage)
        #expect(!url.contains(try moto.credentials("session").secretAccessKey))
    }

    @Test func anAgentsCredentialsMayWriteAndNothingElse() throws {
        let moto = try MotoS3(bucket: "acme-backups")
        let agent = try moto.store("agent") { $0.parts = PartPlan(base: 5 << 20) }
        let bytes = SeededRandom.bytes(11 << 20)
        try agent.store("small", [1])
        #expect(try agent.store("large", bytes).etag.hasSuffix("-3"))
        #expect(code { _ = try agent.get("small", limit: 9) } == .storageRefused)
        #expect(code { try agent.delete("small") } == .storageRefused)
        #expect(code { _ = try agent.list(prefix: "") } == .storageRefused)
        #expect(try moto.store("admin").get("large", limit: bytes.count) == bytes)
    }

    @Test func sessionTokensAreSent() throws {
        let moto = try MotoS3(bucket: "token")
        #expect(try moto.store("session").store("a", [1]).bytes == 1)
    }

    @Test func encryptionAndStorageClassReachTheStore() throws {
        let moto = try MotoS3(bucket: "sse")
        let store = try moto.store("admin") {
            $0.encryption = .kms(keyID: "arn:aws:kms:us-east-1:123456789012:key/k")
            $0.storageClass = "STANDARD_IA"
            $0.parts = PartPlan(base: 5 << 20)
        }
        try store.store("small", [1])
        #expect(try store.store("large", SeededRandom.bytes(6 << 20)).bytes == 6 << 20)
    }

    @Test func aWrongSecretIsRefusedWithARemedy() throws {
        let moto = try MotoS3(bucket: "wrong")
        let good = try moto.credentials("admin")
        let wrong = Credentials(accessKeyID: good.accessKeyID, secretAccessKey: "CANARY-wrong-secret")
        let store = try S3Store(
            configuration: moto.configuration(), credentials: StaticCredentials(wrong), now: { Date() })
        let error = #expect(throws: BackupError.self) { try store.store("a", [1]) }
        #expect(error?.code == .storageRefused)
        #expect(error?.description.contains("SignatureDoesNotMatch") == true)
        #expect(error?.description.contains("CANARY") == false)
    }

    @Test func anUnknownAuthorityIsRefused() throws {
        let moto = try MotoS3(bucket: "tls")
        let store = try moto.store("admin") { $0.caFile = nil }
        let error = #expect(throws: BackupError.self) { try store.store("a", [1]) }
        #expect(error?.code == .storageRefused)
        #expect(error?.message.contains("caFile") == true)
    }
}
