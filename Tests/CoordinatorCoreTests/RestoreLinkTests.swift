import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// Who gets the addresses of a restore's objects, each of which is a bearer token (issue 8, D7).
@Suite(.timeLimit(.minutes(2)))
struct RestoreLinkTests {
    /// A restore of db-01's backup on db-02, which has taken it.
    private func begun() async throws -> (Bench, agent: TestAgent, process: AgentProcess, command: UUID) {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let source = try await bench.enrol("db-01")
        let plan = try #require(try await source.checkIn(databases: [source.facts("inventory")]).plan)
        try await source.send([
            source.report(
                .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now,
                destinations: plan.destinations, store: { try offsite.put($0, $1) })
        ])
        let backup = try #require(try await bench.coordinator.backups(by: bench.admin).first)
        let agent = try await bench.enrol("db-02")
        let process = AgentProcess(instance: UUID(), generation: 1, host: "b")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")], process: process)
        _ = try await bench.coordinator.restore(
            backup: backup.id.uuidString,
            RestoreOptions(
                agent: "db-02", target: "copy", replace: false, skipChecksum: false, withGlobals: false, tables: []),
            by: bench.admin)
        let command = try #require(try await agent.checkIn(revision: 1, process: process).commands.first)
        return (bench, agent, process, command.id)
    }

    @Test func theAgentAtWorkGetsFreshOnesUntilItHasEnded() async throws {
        let (bench, agent, process, command) = try await begun()
        bench.clock.advance(600)
        let request = LinkRequest(command: command, instance: process.instance)
        let fresh = try await bench.coordinator.links(request, from: agent.identity)
        #expect(fresh.sources.map(\.url) != [nil] && fresh.sources[0].url?.contains("X-Amz-Expires=900") == true)
        try await agent.send(
            results: [
                CommandResult(
                    command: command, at: bench.clock.now, succeeded: true, message: "restored", bytes: 4)
            ], instance: process.instance)
        let over = await #expect(throws: BackupError.self) {
            try await bench.coordinator.links(request, from: agent.identity)
        }
        #expect(over?.code == .notFound)
        #expect(try await bench.coordinator.alerts(includeResolved: true, by: bench.admin).isEmpty)
    }

    @Test func anotherAgentGetsNone() async throws {
        let (bench, _, _, command) = try await begun()
        let other = try await bench.enrol("db-03")
        let process = AgentProcess(instance: UUID(), generation: 1, host: "c")
        _ = try await other.checkIn(process: process)
        let error = await #expect(throws: BackupError.self) {
            try await bench.coordinator.links(
                LinkRequest(command: command, instance: process.instance), from: other.identity)
        }
        #expect(error?.code == .notFound)
    }

    @Test func aCopiedKeyGetsNoneAndIsTold() async throws {
        let (bench, agent, process, command) = try await begun()
        let error = await #expect(throws: BackupError.self) {
            try await bench.coordinator.links(LinkRequest(command: command, instance: UUID()), from: agent.identity)
        }
        #expect(error?.code == .busy || error?.code == .forbidden)
        let alerts = try await bench.coordinator.alerts(includeResolved: false, by: bench.admin)
        #expect(alerts.map(\.kind) == ["identity"] && alerts.first?.severity == "critical")
        // The agent's own goes on.
        let request = LinkRequest(command: command, instance: process.instance)
        #expect(try await !bench.coordinator.links(request, from: agent.identity).sources.isEmpty)
    }
}
