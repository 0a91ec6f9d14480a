import Archive
import Daemon
import Domain
import Foundation
import Sealing
import Testing

@testable import AgentCore

/// Whose backups count as a host's own.
struct OriginSealTests {
    private func host(predecessors: [String]? = nil, id: UUID) throws -> (paths: AgentPaths, key: PrivateKey) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-seal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let (paths, key) = (AgentPaths(data: folder), try PrivateKey())
        try AtomicFile.write(paths.key.path, [UInt8](key.pem().utf8), mode: 0o600)
        try DurableFile(url: paths.identity).save(
            AgentIdentity(
                id: id, name: "db-01", coordinatorURL: "https://localhost", caSha256: "", predecessors: predecessors))
        return (paths, key)
    }

    @Test func whatAHostOfBeforeSignedIsOwnOnlyWhereItsPlaceWasTaken() throws {
        let (id, name) = (UUID(), try DatabaseName("inventory"))
        let (old, key) = try host(id: id)
        let (stranger, _) = try host(id: id)
        let (new, _) = try host(predecessors: [Data(key.publicKey.spki).base64EncodedString()], id: id)
        defer { for paths in [old, stranger, new] { try? FileManager.default.removeItem(at: paths.data) } }
        let digest = String(repeating: "a", count: 64)
        var object = OriginSeal(paths: old).signed(
            .init(
                role: .dump, name: "x.sql", format: .plain, codec: .none, plainBytes: 1, plainSha256: digest,
                storedBytes: 1, storedSha256: digest), agent: id, database: name, kind: .postgres)
        for (paths, isOwn) in [(old, true), (new, true), (stranger, false)] {
            let found = OriginSeal(paths: paths).isOwn([object], agent: id, database: name, kind: .postgres)
            #expect(found == isOwn)
        }
        object.storedSha256 = String(repeating: "b", count: 64)
        object.plainSha256 = object.storedSha256
        #expect(!OriginSeal(paths: new).isOwn([object], agent: id, database: name, kind: .postgres))
    }
}
