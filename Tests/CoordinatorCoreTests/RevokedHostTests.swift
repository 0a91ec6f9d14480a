import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// What becomes of the backups of a host that has left the fleet.
@Suite(.timeLimit(.minutes(2)))
struct RevokedHostTests {
    /// So many backups of `db-01`, a minute apart, which are so old by now; each where `places` puts it, the oldest is number 0.
    private func aged(
        _ count: Int, days: Double, places: (Int, [Destination]) -> [Destination]
    ) async throws -> (Bench, Offsite) {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        #expect(plan.destinations.count == 2)
        for number in 0..<count {
            let places = places(number, plan.destinations)
            let isRemote = places.contains { $0.s3 != nil }
            try await agent.send([
                agent.report(
                    .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now + Double(number),
                    destinations: places, store: { key, bytes in if isRemote { try offsite.put(key, bytes) } })
            ])
            bench.clock.advance(60)
        }
        try await bench.coordinator.confirmCopies()
        try await bench.liveOn(days * 86_400)
        _ = try await agent.checkIn(revision: 1)
        return (bench, offsite)
    }

    /// Its bucket is cleaned as any, and of what lies on the host nothing false is said.
    @Test func whatLiesOnARevokedHostStaysAndIsTold() async throws {
        let (bench, offsite) = try await aged(5, days: 3) { _, all in all }
        let whole = try await bench.coordinator.cleanupPlan(by: bench.admin)
        _ = try await bench.coordinator.revokeAgent("db-01", by: bench.admin)
        let shown = try await bench.coordinator.cleanupPlan(by: bench.admin)
        let words = ["000000", "000101"].map { time in
            let stem = "inventory_db_hourly_20260301_\(time)"
            return "backups/db-01/database-backups/ in the agent's data directory on db-01: \(stem).sql, \(stem).json"
        }
        #expect(whole.stays.isEmpty && shown.stays == words)
        #expect(shown.bytesFreed * 2 == whole.bytesFreed && shown.digest == whole.digest)
        let before = try offsite.size
        let result = try await bench.coordinator.cleanup(CleanupRequest(digest: shown.digest), by: bench.admin)
        #expect(Set(result.deleted) == Set(shown.items.filter(\.delete).map(\.backup)) && result.pending.isEmpty)
        #expect(result.stays == words)
        #expect(result.bytesFreed == shown.bytesFreed && result.bytesFreed > 0)
        #expect(try offsite.size == before - result.bytesFreed)
        let detail = try await bench.coordinator.backup(
            try #require(result.deleted.first).uuidString, by: bench.admin)
        #expect(detail.backup.state == .deleted)
        #expect(detail.copies.count == 2 && Set(detail.copyStates?.values.map(\.self) ?? []) == ["deleted"])
        #expect(
            detail.copies.compactMap(\.error) == ["the files stay on db-01: it was revoked"],
            "of the copy in the bucket there is nothing to tell")
    }

    /// What was ordered and never done before the agent was revoked is told in the backup too.
    @Test func whatWasToBeDeletedWhenItsHostWasRevokedStaysAndIsTold() async throws {
        let (bench, _) = try await aged(4, days: 3) { _, all in all.filter { $0.s3 == nil } }
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
        let result = try await bench.coordinator.cleanup(CleanupRequest(digest: plan.digest), by: bench.admin)
        #expect(result.deleted.isEmpty && result.stays.isEmpty && result.bytesFreed == 0 && result.pending.count == 1)
        _ = try await bench.coordinator.revokeAgent("db-01", by: bench.admin)
        try await bench.coordinator.resumeDeletions()
        let doomed = try #require(plan.items.first { $0.delete }?.backup)
        let detail = try await bench.coordinator.backup(doomed.uuidString, by: bench.admin)
        #expect(detail.backup.state == .deleted && detail.copyStates == ["local": "deleted"])
        #expect(detail.copies.map(\.error) == ["the files stay on db-01: it was revoked"])
    }

    /// A disk that left with its host must not be what the floor stands on.
    @Test func whatLiesElsewhereHasAFloorOfItsOwnOnceTheHostIsRevoked() async throws {
        // The older five are in the bucket, the younger three on the host only.
        let (bench, offsite) = try await aged(8, days: 5000) { number, all in
            all.filter { (number < 5) == ($0.s3 != nil) }
        }
        _ = try await bench.coordinator.revokeAgent("db-01", by: bench.admin)
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
        #expect(plan.items.map(\.delete) == Array(repeating: false, count: 6) + [true, true])
        let result = try await bench.coordinator.cleanup(CleanupRequest(digest: plan.digest), by: bench.admin)
        #expect(result.deleted.count == 2 && result.stays.isEmpty)
        #expect(try offsite.keys.count { $0.hasSuffix(".json") } == 3)
    }
}
