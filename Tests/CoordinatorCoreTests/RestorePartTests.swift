import Archive
import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// A restore of parts of an archive, which agents of before protocol 3 do not know and would restore whole.
@Suite(.timeLimit(.minutes(2)))
struct RestorePartTests {
    private let bench: Bench
    private let agent: TestAgent

    init() async throws {
        bench = try await Bench()
        agent = try await bench.enrol("app-01")
        _ = try await agent.checkIn(databases: [agent.facts("settings", kind: .application), agent.facts("shop")])
        try await agent.send([
            agent.report(
                .succeeded, run: UUID(), database: "settings", kind: .application, nominalAt: bench.clock.now),
            agent.report(.succeeded, run: UUID(), database: "shop", nominalAt: bench.clock.now),
        ])
    }

    private func restore(_ database: String, paths: [String]? = nil, strip: Int? = nil) async throws -> RestoreOrder? {
        let backups = try await bench.coordinator.backups(by: bench.admin)
        let backup = try #require(backups.first { $0.database.rawValue == database })
        _ = try await bench.coordinator.restore(
            backup: backup.id.uuidString,
            RestoreOptions(
                replace: false, skipChecksum: false, withGlobals: false, tables: [], paths: paths, strip: strip),
            by: bench.admin)
        guard case .restore(let order) = try await agent.checkIn(revision: 1).commands.first?.order else { return nil }
        return order
    }

    @Test func isAskedOfAnAgentThatKnowsIt() async throws {
        let order = try #require(try await restore("settings", paths: ["/etc/app"], strip: 1))
        #expect(order.paths == ["/etc/app"] && order.strip == 1)
        let database = await #expect(throws: BackupError.self) { try await restore("shop", strip: 1) }
        #expect(database?.code == .usage && database?.message.contains("are for files") == true)
        let deep = await #expect(throws: BackupError.self) { try await restore("settings", strip: -1) }
        #expect(deep?.code == .usage)
    }

    @Test func isNotAskedOfAnOlderOne() async throws {
        _ = try await bench.coordinator.checkIn(
            CheckInRequest(
                version: ProtocolVersion(rawValue: 2), holdfast: "0.1.0", bootId: "boot", clock: bench.clock.now,
                planRevision: 1, running: [], spoolDepth: 0, databases: nil, receivedCommands: [], commands: [],
                waitSeconds: 0), from: agent.identity)
        let old = await #expect(throws: BackupError.self) { try await restore("settings", paths: ["/etc/app"]) }
        #expect(old?.code == .usage && old?.message.contains("upgrade it") == true)
        // All of it, it can; and what it reads has nothing that it does not know.
        let order = try #require(try await restore("settings"))
        let text = String(decoding: try JSON.encoder().encode(order), as: UTF8.self)
        #expect(!text.contains("\"paths\"") && !text.contains("\"strip\""))
        #expect(try JSON.decoder().decode(RestoreOrder.self, from: Data(text.utf8)) == order)
    }

    /// A command with an object of a role that it does not know would keep an older agent from reading any.
    @Test(arguments: [2, 3])
    func whatADatabaseWasGoesToWhoeverKnowsIt(_ version: Int) async throws {
        var report = try agent.report(.succeeded, run: UUID(), database: "shop", nominalAt: bench.clock.now + 1)
        var manifest = try #require(report.manifest)
        var properties = try #require(manifest.objects.first)
        (properties.role, properties.name) = (.database, properties.name.replacing(".sql", with: "_database.sql"))
        manifest.objects.insert(properties, at: 0)
        report.manifest = manifest
        for place in report.destinations.indices {
            report.destinations[place].objects.insert(
                .init(name: properties.name, bytes: properties.storedBytes, sha256: properties.storedSha256, etag: ""),
                at: 0)
        }
        #expect(try await agent.send([report]).refused.isEmpty)
        _ = try await bench.coordinator.restore(
            backup: manifest.id.uuidString,
            RestoreOptions(replace: false, skipChecksum: false, withGlobals: false, tables: []), by: bench.admin)
        let answer = try await bench.coordinator.checkIn(
            CheckInRequest(
                version: ProtocolVersion(rawValue: version), holdfast: "0.1.0", bootId: "boot",
                clock: bench.clock.now, planRevision: 1, running: [], spoolDepth: 0, databases: nil,
                receivedCommands: [], commands: [], waitSeconds: 0), from: agent.identity)
        guard case .restore(let order) = answer.commands.first?.order else {
            Issue.record("expected a restore, not \(answer.commands)")
            return
        }
        #expect(order.sources.map(\.object.role) == (version == 2 ? [.dump] : [.database, .dump]))
    }
}
