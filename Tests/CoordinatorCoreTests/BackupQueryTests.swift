import Archive
import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// Backups are found by the time of their data.
struct BackupQueryTests {
    @Test func theOneWithTheDataOfAMomentIsFound() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("shop"), agent.facts("other")])
        func backUp(_ database: String, _ minutes: Double, late: Bool = false) async throws -> UUID {
            // Named by the half hour, whatever the data is of.
            let time = bench.clock.now.addingTimeInterval(late ? -minutes * 60 : 0)
            var report = try agent.report(.succeeded, run: UUID(), database: database, nominalAt: time)
            report.manifest?.snapshotAt = time
            report.manifest?.finishedAt = time
            #expect(try await agent.send([report]).refused.isEmpty)
            if !late { bench.clock.advance(minutes * 60) }
            return try #require(report.manifest?.id)
        }
        let start = bench.clock.now
        let first = try await backUp("shop", 30)
        let second = try await backUp("shop", 30)
        let other = try await backUp("other", 30)
        let third = try await backUp("shop", 30)
        // It came last, and its data is of before the second.
        let late = try await backUp("shop", 100, late: true)
        func found(_ query: BackupQuery) async throws -> [UUID] {
            try await bench.coordinator.backups(query, by: bench.admin).map(\.id)
        }
        func at(_ minutes: Double) -> Date { start.addingTimeInterval(minutes * 60) }
        #expect(try await found(BackupQuery(database: "shop", at: at(29))) == [late])
        #expect(try await found(BackupQuery(database: "shop", at: at(19))) == [first])
        #expect(try await Set(found(BackupQuery(at: at(65)))) == [second, other])
        #expect(try await found(BackupQuery(at: at(-1))) == [])
        #expect(try await Set(found(BackupQuery(since: at(30)))) == [second, other, third])
        #expect(try await Set(found(BackupQuery(before: at(30)))) == [first, late])
        #expect(try await found(BackupQuery(database: "shop", since: at(25), before: at(31))) == [second])
        // What was not complete by then may hold something of later.
        var long = try agent.report(.succeeded, run: UUID(), database: "other", nominalAt: bench.clock.now)
        long.manifest?.snapshotAt = at(70)
        long.manifest?.finishedAt = at(80)
        #expect(try await agent.send([long]).refused.isEmpty)
        #expect(try await found(BackupQuery(database: "other", at: at(79))) == [other])
        #expect(try await found(BackupQuery(database: "other", at: at(81))) == [long.manifest?.id])
        let refused = await #expect(throws: BackupError.self) {
            _ = try await found(BackupQuery(since: at(0), at: at(1)))
        }
        #expect(refused?.code == .usage)
        #expect(try await found(BackupQuery(state: .damaged)) == [])
        #expect(try await found(BackupQuery(state: .good)).count == 6)
        let view = try #require(try await bench.coordinator.backups(BackupQuery(limit: 1), by: bench.admin).first)
        #expect(view.id == long.manifest?.id && view.snapshotAt == at(70))
    }
}
