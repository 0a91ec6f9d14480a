import Archive
import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// Retention by itself, through days that programs take for true ones (C10, B3).
@Suite(.timeLimit(.minutes(10))) struct CleanupByItselfTests {
    @Test func itIsToldAWeekAheadTakesOnlyItsShareAndRestsByAWrongClock() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let (world, own) = (try await MovedClock(), try await MovedClock())
        defer { [world, own].forEach { $0.stop() } }
        let fleet = try await Fleet(environment: s3.credentials("coordinator").merging(world.environment) { $1 })
        defer { fleet.stop() }
        // Of `few` half goes, and of `many` more than that.
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) }, offsite: \(s3.destination) }
            policies:
              few:
                selector: { size: few }
                tiers: { daily: { schedule: "0 0 29 2 *", keep: 12h } }
                destinations: [local]
                floor: 2
              many:
                selector: { size: many }
                tiers: { daily: { schedule: "0 0 29 2 *", keep: 12h } }
                destinations: [local]
                floor: 1
            retention: { automatic: true, maxDeleteShare: 50% }
            """)
        let names = ["few", "many"]
        for name in names { try await fleet.sqlite("\(name).db", "CREATE TABLE t (x)") }
        let agent = try await fleet.join(
            "db-01",
            "databases:\n"
                + names.map {
                    "  - { name: \($0), sqlite: \(fleet.folder.path)/\($0).db, labels: { size: \($0) } }\n"
                }.joined(), environment: own.environment)
        defer { agent.kill() }
        try agent.start()
        try await fleet.knows(2)
        let days = Days(fleet: fleet, agent: agent, world: world, own: own)
        func backUp(_ times: Int) async throws {
            for _ in 0..<times { #expect(try await fleet.backUp(["--tier", "daily"]).status == 0) }
        }
        try await backUp(4)
        #expect(try await days.counts() == [4, 4])

        try await days.go(to: 23)
        try await days.round()
        let announced = try #require(try await fleet.alerts().first { $0.kind == "cleanup-announced" })
        #expect(announced.title.contains("Automatic cleanup will delete"), "\(announced.title)")
        #expect(announced.detail.contains("2 of few on db-01"), "\(announced.detail)")
        #expect(try await fleet.run("check").status == 1)
        #expect(try await days.counts() == [4, 4])
        // A week of days, each of which is believed.
        agent.kill()
        for hours in stride(from: 46, to: 184, by: 23) { try await fleet.restart(world, ahead: Days.hours(hours)) }
        try await days.go(to: 184)
        try await days.round()
        #expect(try await days.counts() == [4, 4], "it was told for 161 hours, and a week is 168")
        try await days.go(to: 207)
        try await days.round()
        try await eventually("half of the few goes") { try await days.counts() == [2, 4] ? true : nil }
        let alerts = try await fleet.alerts()
        #expect(alerts.contains { $0.kind == "cleanup-announced" } == false)
        let share = try #require(alerts.first { $0.kind == "cleanup-share" })
        #expect(
            share.database == "many" && share.detail.contains("3 of its 4 backups would go at once, more than 50 %"))
        let cleaned = try await fleet.run("cleanup", "--force")
        #expect(cleaned.status == 0, "\(cleaned.text) \(cleaned.error)")
        try await eventually("an operator may") { try await days.counts() == [2, 1] ? true : nil }

        // B3: the coordinator begins with a clock that is 23 h ahead, by which four of these are over their time.
        try await days.go(to: 210)
        try await backUp(4)
        #expect(try await days.counts() == [6, 5])
        try await days.go(to: 233, with: 210)
        try await days.round()
        let check = try await fleet.run("check")
        #expect(check.status >= 1 && check.text.contains("warning"), "\(check.text)")
        let findings = try await fleet.list(StatusView.self, "status").coordinator.findings
        #expect(findings.contains { $0.contains("the clocks of most agents differ by more than 10 minutes") })
        #expect(try await days.counts() == [6, 5], "nothing is deleted by a clock that stands alone")
        // It was the clock alone that was in the way.
        try await days.go(to: 233)
        try await days.round()
        try await eventually("what is over its time goes") { try await days.counts()[0] == 2 ? true : nil }
    }

    /// A fleet that goes through days in seconds.
    private struct Days {
        let fleet: Fleet
        let agent: FleetAgent
        let world: MovedClock
        let own: MovedClock

        static func hours(_ hours: Int) -> TimeInterval { TimeInterval(hours) * 3600 }

        /// Coordinator and host go on from there; the host from another time where it is given.
        func go(to hours: Int, with other: Int? = nil) async throws {
            agent.kill()
            if other == nil {
                try await fleet.restart(world, ahead: Self.hours(hours))
            } else {
                fleet.killCoordinator()
                try world.set(ahead: Self.hours(hours))
                try await fleet.start()
            }
            try own.set(ahead: Self.hours(other ?? hours))
            try agent.start()
            try await eventually("the host is heard") { () -> Bool? in
                let view = try await fleet.list([AgentView].self, "agent", "list").first
                guard let seen = view?.lastSeenAt else { return nil }
                return seen > Date() + Self.hours(hours) - 60 ? true : nil
            }
        }

        /// Good backups of each database.
        func counts() async throws -> [Int] {
            let all = try await fleet.backups().filter { $0.state == .good }
            return ["few", "many"].map { name in all.count { $0.database.rawValue == name } }
        }

        /// Has a whole round of deletions done, which comes by itself every five minutes only: what a run left in a bucket
        /// calls for one, and goes at its beginning. So the second comes after the end of the first.
        func round() async throws {
            for _ in 0..<2 {
                let (now, name) = (Date() + (try own.ahead), try DatabaseName("few"))
                let keys = BackupKeys(
                    agentName: "db-01", database: name, kind: .sqlite, tier: .daily, nominalAt: now)
                let left = DestinationResult.StoredObject(
                    name: keys.objectName(.dump, .sqlite, .none), bytes: 1, sha256: "", etag: "")
                let report = RunReport(
                    run: UUID(), attempt: 1, sequence: 1, database: name, kind: .sqlite, policy: "few",
                    tiers: [.daily], nominalAt: now, at: now, event: .cancelled,
                    destinations: [
                        DestinationResult(
                            destination: "offsite", isComplete: false, folder: keys.folder, objects: [left],
                            error: "it was cancelled")
                    ])
                let batch = ReportBatch(
                    items: [.init(id: UUID(), run: report)], instance: try await fleet.instance(of: "db-01"))
                let answer = try await fleet.post(
                    "/v1/agent/reports", Array(try JSON.encoder().encode(batch)), agent.identity)
                guard answer.status == 200 else {
                    throw ServerFailure("\(answer.status): \(String(decoding: answer.body, as: UTF8.self))")
                }
                try await eventually("what is left is looked after") {
                    try await fleet.catalog("SELECT count(*) FROM leftover") == ["0"] ? true : nil
                }
            }
        }
    }
}
