import Archive
import Domain
import Foundation
import Testing
import Wire

@testable import AgentCore

/// A coordinator can be wrong, or hostile: a host deletes its own backups only, and only the one that is meant (P2, P12).
@Suite(.timeLimit(.minutes(2)))
struct DeleteJobTests {
    /// What one backup of the host left in its own directory: the keys, the manifest's first, and its id.
    private func backedUp(_ host: AgentHost) async throws -> (keys: [String], id: UUID) {
        try await host.perform([host.job()])
        let folder = host.paths.backups.appending(path: "host-1/database-backups")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted {
            ($0.hasSuffix(".json") ? 0 : 1, $0) < ($1.hasSuffix(".json") ? 0 : 1, $1)
        }
        let manifest = try Manifest(decoding: Array(Data(contentsOf: folder.appending(path: names[0]))))
        return (names.map { "host-1/database-backups/" + $0 }, manifest.id)
    }

    private func delete(_ host: AgentHost, _ backup: UUID, _ keys: [String]) async throws -> BackupError? {
        do {
            _ = try await DeleteJob(
                order: DeleteOrder(backup: backup, destination: "local", directory: .init(path: nil), keys: keys),
                agentName: "host-1", destinations: try host.destinations()
            ).run()
            return nil
        } catch let error as BackupError {
            return error
        }
    }

    private func left(_ host: AgentHost, _ keys: [String]) -> Int {
        keys.count { FileManager.default.fileExists(atPath: host.paths.backups.appending(path: $0).path) }
    }

    @Test func whatIsOfAnotherBackupStays() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let (keys, id) = try await backedUp(host)
        #expect(keys.count == 2)
        let refused = try await delete(host, UUID(), keys)
        #expect(refused?.code == .forbidden && refused?.message.contains("another backup") == true)
        #expect(left(host, keys) == 2)
        let outside = try await delete(host, id, keys + ["host-2/database-backups/x.sql"])
        #expect(outside?.code == .forbidden)
        let above = try await delete(host, id, ["host-1/database-backups/../../x"])
        #expect(above?.code == .forbidden)
        #expect(left(host, keys) == 2)
        #expect(try await delete(host, id, keys) == nil)
        #expect(left(host, keys) == 0)
        #expect(try await delete(host, id, keys) == nil, "asked for twice it is done twice")
    }

    /// Without its manifest's name nothing says whose an object is: its manifest is looked for.
    @Test func anObjectDoesNotGoAlone() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let (keys, id) = try await backedUp(host)
        let objects = Array(keys.dropFirst())
        #expect(objects.count == 1 && objects[0].hasSuffix(".gz"))
        #expect(try await delete(host, UUID(), objects)?.message.contains("another backup") == true)
        #expect(try await delete(host, id, objects)?.message.contains("what it describes is") == true)
        #expect(try await delete(host, id, ["host-1/database-backups/notes"])?.code == .forbidden)
        #expect(left(host, keys) == 2)
        // One that never had a manifest goes.
        try FileManager.default.removeItem(at: host.paths.backups.appending(path: keys[0]))
        #expect(try await delete(host, id, objects) == nil)
        #expect(left(host, keys) == 0)
    }

    @Test func aManifestThatCannotBeReadKeepsTheBackup() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let (keys, id) = try await backedUp(host)
        let file = host.paths.backups.appending(path: keys[0])
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        try Data("{}".utf8).write(to: file)
        #expect(try await delete(host, id, keys)?.code == .forbidden)
        #expect(left(host, keys) == 2)
    }
}
