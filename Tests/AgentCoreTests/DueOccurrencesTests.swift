import AgentCore
import Domain
import Foundation
import Testing
import Wire

@Suite struct DueOccurrencesTests {
    private func at(_ text: String) throws -> Date { try #require(Timestamp.date("2026-01-15T\(text)Z")) }

    private func entry(_ tiers: [(Tier, String)], spread: Int = 0) throws -> Plan.Entry {
        Plan.Entry(
            database: try DatabaseName("db"), kind: .sqlite, policy: "p", timeZone: "UTC",
            tiers: tiers.map { .init(tier: $0.0, schedule: $0.1) }, destinations: ["local"], compression: .gzip,
            spreadSeconds: spread)
    }

    @Test func nothingIsDueBetweenOccurrences() throws {
        let due = try DueOccurrences(
            entry: entry([(.hourly, "0,30 * * * *")]), decidedUntil: at("02:00:00"), now: at("02:29:59"))
        #expect(due.run == nil && due.missed.isEmpty && due.decidedUntil == nil)
        #expect(try due.nextAt == at("02:30:00"))
    }

    @Test func coincidingTiersMakeOneRunNamedAfterTheHighest() throws {
        let due = try DueOccurrences(
            entry: entry([(.hourly, "0,30 * * * *"), (.daily, "0 2 * * *")]), decidedUntil: at("01:59:00"),
            now: at("02:00:01"))
        #expect(try due.run == .init(nominalAt: at("02:00:00"), tiers: [.daily, .hourly]))
        #expect(due.missed.isEmpty)
    }

    /// Fault 87: down over several slots makes one late run, and the others are recorded as missed.
    @Test func manyMissedOccurrencesCollapseIntoOneLateRun() throws {
        let due = try DueOccurrences(
            entry: entry([(.hourly, "0,30 * * * *"), (.daily, "0 2 * * *")]), decidedUntil: at("00:10:00"),
            now: at("03:05:00"))
        #expect(try due.run == .init(nominalAt: at("03:00:00"), tiers: [.daily, .hourly]))
        #expect(
            try due.missed.map(\.nominalAt) == [
                at("00:30:00"), at("01:00:00"), at("01:30:00"), at("02:00:00"), at("02:30:00"),
            ])
        #expect(try due.decidedUntil == at("03:00:00"))
    }

    @Test func afterTheStartWindowAnOccurrenceIsMissed() throws {
        let entry = try entry([(.hourly, "0 * * * *")])
        #expect(try DueOccurrences(entry: entry, decidedUntil: at("01:30:00"), now: at("02:29:59")).run != nil)
        let late = try DueOccurrences(entry: entry, decidedUntil: at("01:30:00"), now: at("02:31:00"))
        #expect(late.run == nil)
        #expect(try late.missed == [.init(nominalAt: at("02:00:00"), tiers: [.hourly])])
    }

    @Test func theSpreadShiftsTheStartAndNotTheName() throws {
        let entry = try entry([(.hourly, "0 * * * *")], spread: 120)
        #expect(try DueOccurrences(entry: entry, decidedUntil: at("01:30:00"), now: at("02:01:00")).run == nil)
        let due = try DueOccurrences(entry: entry, decidedUntil: at("01:30:00"), now: at("02:02:01"))
        #expect(try due.run?.nominalAt == at("02:00:00"))
        #expect(try due.nextAt == at("03:02:00"))
    }

    /// Fault 86: a clock that went back fires nothing again.
    @Test func aClockThatWentBackFiresNothing() throws {
        let due = try DueOccurrences(
            entry: entry([(.hourly, "0,30 * * * *")]), decidedUntil: at("10:00:00"), now: at("02:00:30"))
        #expect(due.run == nil && due.missed.isEmpty)
    }

    /// A host that was off for a year does not flood the coordinator.
    @Test func aLongAbsenceTellsABoundedNumber() throws {
        let due = try DueOccurrences(
            entry: entry([(.hourly, "* * * * *")]), decidedUntil: at("00:00:00").addingTimeInterval(-365 * 86_400),
            now: at("02:00:00"))
        #expect(due.missed.count <= 50)
        #expect(due.run != nil)
    }
}
