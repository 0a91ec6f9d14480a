import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A host's clock is a day fast for seconds (C4).
@Suite(.timeLimit(.minutes(5))) struct FastClockTests {
    @Test func whatIsStillToComeIsNotMissedAndTheTrueBackupOfThatTimeIsCatalogued() async throws {
        let (world, own) = (try await MovedClock(), try await MovedClock())
        defer { [world, own].forEach { $0.stop() } }
        let fleet = try await Fleet(environment: world.environment)
        defer { fleet.stop() }
        try await fleet.applyLocally(policies: #"  all: { tiers: { hourly: { schedule: "0 * * * *", keep: 48h } } }"#)
        try await fleet.sqlite("shop.db", "CREATE TABLE t (x)")
        let agent = try await fleet.join(
            "db-01", "databases:\n  - { name: shop, sqlite: \(fleet.folder.path)/shop.db }\n",
            environment: own.environment)
        defer { agent.kill() }
        try agent.start()
        try await eventually("the schedule is there") {
            try String(contentsOf: agent.log, encoding: .utf8).contains("entries=1") ? true : nil
        }
        // The next full hour comes in two seconds.
        let hour = (Date().timeIntervalSince1970 / 3600).rounded(.up) * 3600
        func ahead(_ hours: Double) -> TimeInterval { hour + hours * 3600 - 2 - Date().timeIntervalSince1970 }
        func backups(at hours: Double) async throws -> [BackupView] {
            try await fleet.backups().filter { $0.nominalAt.timeIntervalSince1970 == hour + hours * 3600 }
        }
        func both(ahead seconds: TimeInterval) throws {
            try world.set(ahead: seconds)
            try own.set(ahead: seconds)
        }
        try both(ahead: ahead(0))
        try await eventually("the backup of the hour") { try await backups(at: 0).first }

        let truth = try own.ahead
        try own.set(ahead: truth + 86_400)
        let wrong = try await eventually("the host tells of tomorrow") { try await backups(at: 24).first }
        try await eventually("it also told that it missed all the hours until then") {
            try await fleet.catalog("SELECT count(*) FROM audit WHERE action = 'report set aside'") == ["23"]
                ? true : nil
        }
        try own.set(ahead: truth)
        try await eventually("the host notices") {
            try String(contentsOf: agent.log, encoding: .utf8).contains("the clock went back") ? true : nil
        }
        #expect(try await fleet.catalog("SELECT count(*) FROM run WHERE state IN ('missed', 'skipped')") == ["0"])

        // One that was told as missed, and the one that was made a day early.
        try both(ahead: ahead(1))
        try await eventually("the next hour's backup has its row") {
            try await backups(at: 1).contains { $0.state == .good } ? true : nil
        }
        try both(ahead: ahead(24))
        let true24 = try await eventually("the true backup has its row") {
            try await backups(at: 24).first { $0.id != wrong.id }
        }
        #expect(true24.state == .good)
        #expect(try await backups(at: 24).count == 2)
        #expect(try await fleet.database("shop")?.lastError == nil)
    }
}
