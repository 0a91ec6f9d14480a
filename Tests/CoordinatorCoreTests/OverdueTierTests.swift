import Archive
import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// P4 for each tier of each policy, and with clocks that are not quite right: whoever is woken is woken for a reason.
@Suite(.timeLimit(.minutes(2)))
struct OverdueTierTests {
    /// A host that is known since 10:10 on 1 March 2026, a Sunday, under the default policy.
    private func known() async throws -> (Bench, TestAgent) {
        let bench = try await Bench(at: "2026-03-01T10:10:00Z")
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        return (bench, agent)
    }

    private func overdue(_ bench: Bench, _ agent: TestAgent, at time: String) async throws -> [String] {
        bench.clock.set(time)
        _ = try await agent.checkIn(revision: 1)
        try await bench.coordinator.supervise()
        return try await bench.coordinator.alerts(includeResolved: false, by: bench.admin)
            .filter { $0.kind == "overdue" }.map(\.detail)
    }

    private func succeed(
        _ agent: TestAgent, _ tiers: [Tier] = [.hourly], policy: String = "default", nominalAt: String
    ) async throws {
        let nominal = try #require(Timestamp.date(nominalAt))
        let receipt = try await agent.send([
            agent.report(
                .succeeded, run: UUID(), database: "inventory", policy: policy, tiers: tiers, nominalAt: nominal)
        ])
        #expect(receipt.refused.isEmpty)
    }

    private func apply(_ bench: Bench, _ yaml: String) async throws -> ApplyView {
        try await bench.coordinator.apply(
            ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
    }

    /// An hourly run that is always at work at two o'clock must not hide that there is no daily backup.
    @Test func aTierWhoseBackupsNeverComeIsOverdueAlthoughOthersDo() async throws {
        let (bench, agent) = try await known()
        bench.clock.set("2026-03-02T07:31:00Z")
        try await succeed(agent, nominalAt: "2026-03-02T07:30:00Z")
        #expect(try await overdue(bench, agent, at: "2026-03-02T08:04:59Z") == [])
        let found = try await overdue(bench, agent, at: "2026-03-02T08:05:01Z")
        #expect(
            found == [
                "the daily backup that was due at 2026-03-02T02:00:00Z did not come; "
                    + "the newest good one of all is of 2026-03-02T07:31:00Z"
            ])
        #expect(try await bench.coordinator.status(by: bench.admin).databases.first?.state == .overdue)
        // Neither another tier's run at work nor another tier's backup is the one that is missing; one by hand will do.
        try await agent.send([
            agent.report(.started, run: UUID(), database: "inventory", nominalAt: bench.clock.now)
        ])
        #expect(try await overdue(bench, agent, at: "2026-03-02T08:06:00Z").count == 1)
        #expect(try await overdue(bench, agent, at: "2026-03-02T08:07:00Z").count == 1)
        try await agent.send([
            agent.report(
                .started, run: UUID(), database: "inventory", tiers: [.daily], nominalAt: bench.clock.now)
        ])
        // A run that only begins ends nothing, and one that then fails tells nothing anew.
        #expect(try await bench.coordinator.status(by: bench.admin).databases.first?.state == .ok)
        #expect(try await overdue(bench, agent, at: "2026-03-02T08:08:00Z").count == 1)
        try await succeed(agent, [.daily], nominalAt: "2026-03-02T08:07:00Z")
        #expect(try await overdue(bench, agent, at: "2026-03-02T08:19:00Z") == [])
        #expect(try await bench.coordinator.status(by: bench.admin).databases.first?.state == .ok)
        #expect(try await overdue(bench, agent, at: "2026-03-03T08:05:01Z").count == 1)
        try await succeed(agent, [.manual], nominalAt: "2026-03-03T08:05:01Z")
        #expect(try await overdue(bench, agent, at: "2026-03-03T08:06:00Z") == [])
    }

    /// Otherwise a monthly backup that did not come would keep everything silent until the next month.
    @Test func whatIsMissingBesideIsToldAgain() async throws {
        let (bench, agent) = try await known()
        bench.clock.set("2026-03-02T07:31:00Z")
        try await succeed(agent, nominalAt: "2026-03-02T07:30:00Z")
        #expect(try await overdue(bench, agent, at: "2026-03-02T08:05:01Z").count == 1)
        func told() async throws -> [IncidentView] {
            try await bench.coordinator.alerts(includeResolved: true, by: bench.admin).filter { $0.kind == "overdue" }
        }
        #expect(try await told().count == 1)
        let both = try await overdue(bench, agent, at: "2026-03-02T09:00:00Z")
        #expect(both.count == 1 && both[0].contains("daily") && both[0].contains("hourly"), "\(both)")
        #expect(try await told().count == 2)
        // Less than was told is the same incident in other words.
        try await succeed(agent, nominalAt: "2026-03-02T09:00:00Z")
        let left = try await overdue(bench, agent, at: "2026-03-02T09:01:00Z")
        #expect(left.count == 1 && left[0].contains("daily") && !left[0].contains("hourly"), "\(left)")
        #expect(try await told().count == 2)
        try await succeed(agent, [.daily], nominalAt: "2026-03-02T09:02:00Z")
        #expect(try await overdue(bench, agent, at: "2026-03-02T09:03:00Z") == [])
    }

    @Test func aRunOfSeveralTiersCountsForEach() async throws {
        let (bench, agent) = try await known()
        bench.clock.set("2026-03-02T02:01:00Z")
        try await succeed(agent, [.daily, .hourly], nominalAt: "2026-03-02T02:00:00Z")
        #expect(try await overdue(bench, agent, at: "2026-03-02T02:40:00Z") == [])
        bench.clock.set("2026-03-02T08:31:00Z")
        try await succeed(agent, nominalAt: "2026-03-02T08:30:00Z")
        #expect(try await overdue(bench, agent, at: "2026-03-02T08:45:00Z") == [])
    }

    @Test func aPolicyThatIsAlwaysSkippedIsOverdueByName() async throws {
        let (bench, agent) = try await known()
        let told = try await apply(
            bench, #"policies: { a: { tiers: { daily: {} } }, b: { tiers: { daily: { schedule: "30 2 * * *" } } } }"#)
        #expect(told.warnings.contains { $0.hasPrefix("policies a and b select 1 database: ") })
        bench.clock.set("2026-03-02T02:45:00Z")
        try await succeed(agent, [.daily], policy: "a", nominalAt: "2026-03-02T02:00:00Z")
        let found = try await overdue(bench, agent, at: "2026-03-02T09:00:00Z")
        #expect(found.count == 1)
        #expect(
            found.first?.hasPrefix("the daily backup of policy b that was due at 2026-03-02T02:30:00Z did not come")
                == true)
    }

    @Test func aClockThatIsALittleFastMakesNothingOverdue() async throws {
        let (bench, agent) = try await known()
        bench.clock.set("2026-03-01T10:29:58Z")
        try await succeed(agent, nominalAt: "2026-03-01T10:30:00Z")
        #expect(try await overdue(bench, agent, at: "2026-03-01T10:50:01Z") == [])
        // A time that cannot be its own makes no backup good for what is still to come.
        try await succeed(agent, nominalAt: "2027-03-01T10:30:00Z")
        #expect(try await overdue(bench, agent, at: "2026-03-01T11:19:59Z") == [])
        #expect(try await overdue(bench, agent, at: "2026-03-01T11:20:01Z").count == 1)
    }

    @Test func aClockThatWasAheadHidesNothingAfterwards() async throws {
        let (bench, agent) = try await known()
        func inventory() async throws -> DatabaseView? {
            try await bench.coordinator.status(by: bench.admin).databases.first
        }
        bench.clock.set("2026-03-09T10:30:00Z")
        try await succeed(agent, nominalAt: "2026-03-09T10:30:00Z")
        let ahead = try #require(try await inventory()?.lastGoodBackup)
        bench.clock.set("2026-03-01T10:30:00Z")
        try await agent.send([
            agent.report(.failed, run: UUID(), database: "inventory", nominalAt: bench.clock.now)
        ])
        #expect(try await inventory()?.state == .failing)
        bench.clock.set("2026-03-01T10:31:00Z")
        try await succeed(agent, nominalAt: "2026-03-01T10:31:00Z")
        let shown = try #require(try await inventory())
        #expect(shown.state == .ok && shown.lastGoodBackup != ahead && shown.lastGoodAt == bench.clock.now)
        #expect(try await overdue(bench, agent, at: "2026-03-01T11:19:59Z") == [])
        #expect(try await overdue(bench, agent, at: "2026-03-01T11:20:01Z").count == 1)
    }

    @Test func whatIsOverdueStaysSoUnderAnotherSchedule() async throws {
        let (bench, agent) = try await known()
        #expect(try await overdue(bench, agent, at: "2026-03-01T10:50:01Z").count == 1)
        let tiers = #"tiers: { hourly: { schedule: "15,45 * * * *" } }"#
        _ = try await apply(bench, "policies: { default: { \(tiers) } }")
        #expect(try await overdue(bench, agent, at: "2026-03-01T10:51:00Z").count == 1)
        try await succeed(agent, nominalAt: "2026-03-01T10:51:00Z")
        #expect(try await overdue(bench, agent, at: "2026-03-01T10:52:00Z") == [])
        // Under another name, or with another tier, nothing was due yet.
        _ = try await apply(bench, "policies: { other: { \(tiers) } }")
        #expect(try await overdue(bench, agent, at: "2026-03-01T10:53:00Z") == [])
        _ = try await apply(
            bench, #"policies: { other: { tiers: { hourly: { schedule: "15,45 * * * *" }, daily: {} } } }"#)
        #expect(try await overdue(bench, agent, at: "2026-03-01T10:54:00Z") == [])
    }
}
