import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// `check` over a table of fleets: it is OK only where every database has the backup that it should have (P4).
@Suite(.timeLimit(.minutes(2)))
struct CheckTableTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let level: Int
        let words: String
        let make: @Sendable (Bench) async throws -> Void
        var testDescription: String { name }
    }

    private static let policy = "policies: { default: { tiers: { hourly: {} } } }"
    private static let narrow = "policies: { default: { selector: { env: prod }, tiers: { hourly: {} } } }"

    private static func apply(_ bench: Bench, _ yaml: String) async throws {
        _ = try await bench.coordinator.apply(
            ApplyRequest(
                yaml: "destinations: { local: { directory: /backups } }\n" + yaml, fileName: "fleet.yaml",
                dryRun: false), by: bench.admin)
    }

    private static func backUp(_ bench: Bench, _ agent: TestAgent, _ names: [String]) async throws {
        for name in names {
            try await agent.send([
                agent.report(.succeeded, run: UUID(), database: name, nominalAt: bench.clock.now)
            ])
        }
    }

    private static let five = ["a", "b", "c", "d", "e"]

    private static func declared(_ bench: Bench, _ yaml: String = policy) async throws -> TestAgent {
        try await apply(bench, yaml)
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: try five.map { try agent.facts($0) })
        return agent
    }

    static let cases: [Case] = [
        Case(name: "no host", level: 3, words: "no database is known yet") { bench in
            try await apply(bench, policy)
        },
        Case(name: "a host with nothing", level: 3, words: "no database is known yet") { bench in
            try await apply(bench, policy)
            let agent = try await bench.enrol("db-01")
            _ = try await agent.checkIn(databases: [])
        },
        Case(name: "never backed up, not due yet", level: 1, words: "5 waiting for a first backup") { bench in
            _ = try await declared(bench)
        },
        Case(name: "never backed up, and long due", level: 2, words: "5 overdue") { bench in
            let agent = try await declared(bench)
            bench.clock.advance(7200)
            _ = try await agent.checkIn(revision: 1)
        },
        Case(name: "selected by nothing", level: 1, words: "5 unprotected") { bench in
            _ = try await declared(bench, narrow)
        },
        Case(name: "selected by nothing for a day", level: 2, words: "5 unprotected") { bench in
            let agent = try await declared(bench, narrow)
            try await bench.coordinator.supervise()
            bench.clock.advance(86_402)
            _ = try await agent.checkIn(revision: 1)
        },
        Case(name: "selected no more after good backups", level: 1, words: "5 unprotected") { bench in
            let agent = try await declared(bench)
            try await backUp(bench, agent, five)
            try await apply(bench, narrow)
        },
        Case(name: "gone after good backups", level: 1, words: "5 gone") { bench in
            let agent = try await declared(bench)
            try await backUp(bench, agent, five)
            _ = try await agent.checkIn(databases: [], revision: 1)
        },
        Case(name: "gone for a day", level: 2, words: "5 gone") { bench in
            let agent = try await declared(bench)
            try await backUp(bench, agent, five)
            _ = try await agent.checkIn(databases: [], revision: 1)
            bench.clock.advance(86_402)
            _ = try await agent.checkIn(revision: 1)
        },
        Case(name: "one of five never", level: 1, words: "4/5 databases ok") { bench in
            let agent = try await declared(bench)
            try await backUp(bench, agent, Array(five.dropLast()))
        },
        Case(name: "one of five failed", level: 2, words: "1 failing") { bench in
            let agent = try await declared(bench)
            try await backUp(bench, agent, five)
            bench.clock.advance(60)
            try await agent.send([
                agent.report(
                    .failed, run: UUID(), database: "e", nominalAt: bench.clock.now,
                    failure: Failure(code: "sourceRefused", message: "no such database"))
            ])
        },
        Case(name: "its host is off", level: 1, words: "1 agent offline") { bench in
            let agent = try await declared(bench)
            try await backUp(bench, agent, five)
            bench.clock.advance(600)
        },
        Case(name: "every host was revoked", level: 3, words: "every agent was revoked") { bench in
            let agent = try await declared(bench)
            try await backUp(bench, agent, five)
            _ = try await bench.coordinator.revokeAgent("db-01", by: bench.admin)
            _ = agent
        },
        Case(name: "all is well", level: 0, words: "5/5 databases ok") { bench in
            let agent = try await declared(bench)
            try await backUp(bench, agent, five)
        },
    ]

    @Test(arguments: cases) func itIsNeverOKWhereABackupIsNotAsItShouldBe(_ fleet: Case) async throws {
        let bench = try await Bench(at: "2026-03-01T10:10:00Z")
        try await fleet.make(bench)
        try await bench.coordinator.supervise()
        let check = try await bench.coordinator.check(by: bench.admin)
        #expect(check.level == fleet.level && check.line.contains(fleet.words), "\(check.line)")
    }
}
