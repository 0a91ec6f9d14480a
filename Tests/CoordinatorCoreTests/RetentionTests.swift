import Catalog
import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// P2: retention never deletes the last good.
@Suite(.timeLimit(.minutes(5)))
struct RetentionTests {
    /// Backups of a year as the default policy makes them, thinned out to twice a day.
    private func seed(_ bench: Bench, _ agent: TestAgent, _ offsite: Offsite, days: Int) async throws {
        for day in 0..<days {
            for hour in stride(from: 0, to: 24, by: 12) {
                let date = Calendar.utc.dateComponents([.day, .weekday], from: bench.clock.now)
                var tiers: [Tier] = [.hourly]
                if hour == 0 { tiers.insert(.daily, at: 0) }
                if hour == 0, date.weekday == 1 { tiers.insert(.weekly, at: 0) }
                if hour == 0, date.day == 1 { tiers.insert(.monthly, at: 0) }
                // Nights that failed are part of every year.
                if day % 17 != 5 {
                    let report = try agent.report(
                        .succeeded, run: UUID(), database: "inventory", tiers: tiers, nominalAt: bench.clock.now,
                        destinations: [
                            Destination(name: "offsite", s3: .init(bucket: "acme-backups", region: "us-east-1"))
                        ],
                        store: { try offsite.put($0, $1) })
                    try await agent.send([report])
                }
                try await bench.liveOn(12 * 3600)
            }
        }
        try await bench.coordinator.confirmCopies()
    }

    private func bucketOnly(_ bench: Bench) async throws {
        let yaml = """
            destinations: { offsite: { s3: { bucket: acme-backups, region: us-east-1 } } }
            policies: { default: { tiers: { hourly: {}, daily: {}, weekly: {}, monthly: {} } } }
            """
        _ = try await bench.coordinator.apply(
            ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
    }

    private func seeded(_ offsite: Offsite, days: Int) async throws -> (Bench, TestAgent) {
        let bench = try await Bench.withBucket(offsite)
        try await bucketOnly(bench)
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        try await seed(bench, agent, offsite, days: days)
        _ = try await agent.checkIn(revision: 1)
        return (bench, agent)
    }

    /// What lies in the bucket, as the stems of its backups; each must be there whole or not at all.
    private func stems(_ offsite: Offsite) throws -> Set<String> {
        let keys = try offsite.keys
        let manifests = Set(keys.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) })
        #expect(Set(keys.filter { $0.hasSuffix(".sql") }.map { String($0.dropLast(4)) }) == manifests)
        return manifests
    }

    @Test func aYearOfBackupsIsLeftExactlyAsPrinted() async throws {
        let offsite = try Offsite()
        let (bench, _) = try await seeded(offsite, days: 365)
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
        #expect(plan.suspended == nil)
        let (doomed, kept) = (plan.items.filter(\.delete), plan.items.filter { !$0.delete })
        #expect(doomed.count > 500)
        #expect(kept.count > 40 && kept.count < 80)
        let before = try offsite.size
        let result = try await bench.coordinator.cleanup(CleanupRequest(digest: plan.digest), by: bench.admin)
        #expect(Set(result.deleted) == Set(doomed.map(\.backup)))
        #expect(result.pending.isEmpty && result.stays.isEmpty && plan.stays.isEmpty)
        #expect(result.bytesFreed == plan.bytesFreed)
        #expect(try offsite.size == before - plan.bytesFreed)
        let left = try await bench.coordinator.backups(BackupQuery(limit: 10_000), by: bench.admin)
        #expect(Set(left.map(\.id)) == Set(kept.map(\.backup)))
        #expect(left.allSatisfy { $0.state == .good })
        let names = Set(left.flatMap(\.objects).map { "db-01/database-backups/" + $0.name.dropLast(4) })
        #expect(try stems(offsite) == names)
        #expect(try await bench.coordinator.cleanupPlan(by: bench.admin).items.allSatisfy { !$0.delete })
        #expect(try await bench.coordinator.status(by: bench.admin).totals.backups == kept.count)
    }

    @Test func onlyWhatWasShownIsDone() async throws {
        let offsite = try Offsite()
        let (bench, _) = try await seeded(offsite, days: 10)
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
        let before = try offsite.keys
        try await bench.liveOn(40 * 86_400)
        let error = await #expect(throws: BackupError.self) {
            try await bench.coordinator.cleanup(CleanupRequest(digest: plan.digest), by: bench.admin)
        }
        #expect(error?.code == .busy)
        #expect(try offsite.keys == before)
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.cleanup(
                CleanupRequest(digest: plan.digest), by: OperatorIdentity(tokenId: "r", role: .restorer))
        }
    }

    @Test func theFloorStandsHoweverOldItIs() async throws {
        let offsite = try Offsite()
        let (bench, _) = try await seeded(offsite, days: 4)
        try await bench.liveOn(5000 * 86_400)
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
        _ = try await bench.coordinator.cleanup(CleanupRequest(digest: plan.digest), by: bench.admin)
        let left = try await bench.coordinator.backups(by: bench.admin)
        #expect(left.count == 3)
        #expect(Set(left.map(\.id)) == Set(plan.items.sorted { $0.recordedAt > $1.recordedAt }.prefix(3).map(\.backup)))
        #expect(try stems(offsite).count == 3)
    }

    /// The store dies at every single deletion in turn; going on later always ends in the same place.
    @Test func aDeletionThatBreaksAnywhereIsTakenUp() async throws {
        for call in 1...12 {
            let offsite = try Offsite()
            let (bench, _) = try await seeded(offsite, days: 6)
            try await bench.liveOn(40 * 86_400)
            let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
            let doomed = plan.items.filter(\.delete)
            #expect(doomed.count >= 6)
            offsite.fail(at: call)
            let result = try await bench.coordinator.cleanup(CleanupRequest(digest: plan.digest), by: bench.admin)
            #expect(result.deleted.count == (call - 1) / 2)
            #expect(result.pending.count == doomed.count - result.deleted.count)
            // The manifest goes first: whatever is left of a backup that was begun is none any more.
            let keys = try offsite.keys
            let manifests = Set(keys.filter { $0.hasSuffix(".json") }.map { $0.dropLast(5) })
            for manifest in manifests { #expect(keys.contains(manifest + ".sql")) }
            // A crash here: another process takes it up.
            try bench.coordinator.close()
            offsite.fail(at: nil)
            let again = try await Coordinator.open(
                paths: bench.coordinator.paths, world: bench.coordinator.world, logger: Bench.quiet)
            try await again.resumeDeletions()
            let left = try await again.backups(by: bench.admin)
            #expect(Set(left.map(\.id)) == Set(plan.items.filter { !$0.delete }.map(\.backup)))
            #expect(try stems(offsite).count == left.count)
            try again.close()
        }
    }

    @Test func copiesOnAHostAreDeletedByItsAgent() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        for number in 0..<5 {
            try await agent.send([
                agent.report(
                    .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now + Double(number))
            ])
            bench.clock.advance(60)
        }
        try await bench.liveOn(3 * 86_400)
        _ = try await agent.checkIn(revision: 1)
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
        let result = try await bench.coordinator.cleanup(CleanupRequest(digest: plan.digest), by: bench.admin)
        #expect(result.deleted.isEmpty)
        #expect(result.pending.count == 2)
        try await bench.coordinator.resumeDeletions()
        let commands = try await agent.checkIn(revision: 1).commands
        #expect(commands.count == 2)
        let keys = try #require(commands.first?.delete?.keys)
        #expect(keys.first == "db-01/database-backups/inventory_db_hourly_20260301_000000.json")
        #expect(keys.count == 2)
        try await agent.send(
            results: commands.map {
                CommandResult(command: $0.id, at: bench.clock.now, succeeded: true, message: "gone")
            })
        #expect(try await bench.coordinator.backups(by: bench.admin).count == 3)
    }

    @Test func aClockThatWentBackDeletesNothing() async throws {
        let offsite = try Offsite()
        let (bench, agent) = try await seeded(offsite, days: 10)
        bench.clock.advance(86_400)
        _ = try await agent.checkIn(revision: 1)
        try await bench.coordinator.supervise()
        bench.clock.advance(-7200)
        _ = try await agent.checkIn(revision: 1)
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
        #expect(plan.suspended?.contains("the clock shows") == true)
        let error = await #expect(throws: BackupError.self) {
            try await bench.coordinator.cleanup(CleanupRequest(digest: plan.digest), by: bench.admin)
        }
        #expect(error?.code == .busy)
        #expect(try await !bench.coordinator.status(by: bench.admin).coordinator.findings.isEmpty)
    }

    @Test func aClockThatJumpedAheadOfTheFleetDeletesNothing() async throws {
        let offsite = try Offsite()
        let (bench, agent) = try await seeded(offsite, days: 3)
        let right = bench.clock.now
        bench.clock.advance(400 * 86_400)
        _ = try await bench.coordinator.checkIn(agent.request(clock: right), from: agent.identity)
        #expect(try await bench.coordinator.cleanupPlan(by: bench.admin).suspended?.contains("most agents") == true)
    }

    @Test func aJumpAheadRestsRetentionForADayAndNoLonger() async throws {
        let offsite = try Offsite()
        let (bench, _) = try await seeded(offsite, days: 10)
        let right = bench.clock.now
        func suspended() async throws -> String? {
            try await bench.coordinator.catalog.write { [now = bench.clock.now] in try HighWater.note(now, in: $0) }
            return try await bench.coordinator.catalog.read { [now = bench.clock.now] in
                try HighWater.suspicion(of: now, $0)
            }
        }
        bench.clock.advance(400 * 86_400)
        #expect(try await suspended()?.contains("more than a day after") == true)
        bench.clock.advance(3600)
        #expect(try await suspended() != nil)
        // The clock is mended: all is as it was.
        bench.clock.advance(-400 * 86_400)
        #expect(try await suspended() == nil)
        // A host that was off for a month is trusted again after a day.
        bench.clock.advance(30 * 86_400)
        #expect(try await suspended() != nil)
        for _ in 0..<24 {
            #expect(try await suspended() != nil)
            bench.clock.advance(3600)
        }
        #expect(try await suspended() == nil)
        // A wrong time that was believed does not block for ever after it was mended.
        bench.clock.advance(right.timeIntervalSince(bench.clock.now))
        #expect(try await suspended()?.contains("or has stood for a day") == true)
        bench.clock.advance(43_200)
        #expect(try await suspended() != nil)
        bench.clock.advance(43_200)
        #expect(try await suspended() == nil)
    }

    @Test func whatTheCoordinatorHasNotSeenIsNotDeleted() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        try await bucketOnly(bench)
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        for number in 0..<5 {
            let report = try agent.report(
                .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now + Double(number),
                destinations: [Destination(name: "offsite", s3: .init(bucket: "acme-backups", region: "us-east-1"))],
                store: { try offsite.put($0, $1) })
            try await agent.send([report])
        }
        try await bench.liveOn(40 * 86_400)
        let before = try await bench.coordinator.cleanupPlan(by: bench.admin).items
        #expect(before.map(\.reason) == Array(repeating: "not confirmed yet", count: 5))
        try await bench.coordinator.confirmCopies()
        #expect(try await bench.coordinator.cleanupPlan(by: bench.admin).items.count(where: \.delete) == 2)
    }

    @Test func whatFailedRunsLeftBehindIsDeletedAndNothingElse() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        try await bucketOnly(bench)
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        let bucket = Destination(name: "offsite", s3: .init(bucket: "acme-backups", region: "us-east-1"))
        let good = try agent.report(
            .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now, destinations: [bucket],
            store: { try offsite.put($0, $1) })
        try await agent.send([good])
        let kept = try offsite.keys
        let folder = "db-01/database-backups/"
        let stem = "inventory_db_hourly_20260301_000100"
        let ours = [
            "\(stem).sql", "\(stem)_a2.sql.gz", "\(stem)_a2_globals.sql.gz", "\(stem)_0123456789ab_globals.sql.gz",
        ]
        // A later attempt, one with a manifest, another database's, another host's, and the good one's own.
        let others = [
            "\(stem)_a4.sql", "\(stem)_a3.sql", "\(stem)_a3.json", "\(stem)_ba9876543210.sql",
            "\(stem)_ba9876543210.json", "payroll_db_hourly_20260301_000100.sql",
            "../x.sql",
        ]
        for name in ours + others.dropLast() { try offsite.put(folder + name, [1]) }
        let names = ours + others + kept.map { String($0.dropFirst(folder.count)) }
        var failed = try agent.report(
            .failed, run: UUID(), database: "inventory", nominalAt: bench.clock.now + 60, attempt: 3)
        failed.destinations = [
            DestinationResult(
                destination: "offsite", isComplete: false, folder: folder,
                objects: names.map { .init(name: $0, bytes: 1, sha256: "", etag: "") }, error: "no answer"),
            DestinationResult(
                destination: "offsite", isComplete: false, folder: "db-02/database-backups/",
                objects: [.init(name: ours[0], bytes: 1, sha256: "", etag: "")], error: "no answer"),
        ]
        try await agent.send([failed])
        offsite.isDown = true
        try await bench.coordinator.deleteLeftovers()
        #expect(try offsite.keys.count == kept.count + ours.count + others.count - 1)
        offsite.isDown = false
        try await bench.coordinator.deleteLeftovers()
        #expect(try offsite.keys == kept.union(others.dropLast().map { folder + $0 }))
        #expect(try await bench.coordinator.catalog.read { try $0.leftovers(limit: 10) }.isEmpty)
    }

    @Test func autoCleanupRunsOnceADayWhenItIsOn() async throws {
        let offsite = try Offsite()
        for isOn in [true, false] {
            let bench = try await Bench.withBucket(
                offsite, environment: ["BACKUP_AUTO_CLEANUP": isOn ? "true" : "false"])
            try await bucketOnly(bench)
            let agent = try await bench.enrol("db-01")
            _ = try await agent.checkIn(databases: [agent.facts("inventory")])
            try await bench.coordinator.cleanupIfDue()
            try await seed(bench, agent, offsite, days: 4)
            _ = try await agent.checkIn(revision: 1)
            let before = try await bench.coordinator.backups(by: bench.admin).count
            try await bench.coordinator.cleanupIfDue()
            #expect((try await bench.coordinator.backups(by: bench.admin).count < before) == isOn)
        }
    }

    /// Who removes a policy or a tier has not asked for its backups to be deleted.
    @Test(arguments: [
        (
            "policies: { other: { tiers: { hourly: {}, daily: {}, weekly: {}, monthly: {} } } }",
            "policy default is gone: "
        ),
        (
            "policies: { default: { tiers: { daily: {}, weekly: {}, monthly: {} } } }",
            "policy default is gone for its tiers hourly: "
        ),
    ])
    func whatNoRuleKeepsAnyMoreIsDeletedByAPersonOnly(_ policies: String, _ warning: String) async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite, environment: ["BACKUP_AUTO_CLEANUP": "true"])
        try await bucketOnly(bench)
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        try await bench.coordinator.cleanupIfDue()
        try await seed(bench, agent, offsite, days: 4)
        _ = try await agent.checkIn(revision: 1)
        let yaml = "destinations: { offsite: { s3: { bucket: acme-backups, region: us-east-1 } } }\n" + policies
        let told = try await bench.coordinator.apply(
            ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false, acceptsDeletions: true), by: bench.admin)
        #expect(told.warnings.contains { $0.hasPrefix(warning) })
        let before = try await bench.coordinator.backups(by: bench.admin).count
        try await bench.coordinator.cleanupIfDue()
        #expect(try await bench.coordinator.backups(by: bench.admin).count == before)
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
        let doomed = plan.items.count(where: \.delete)
        #expect(doomed > 0)
        let done = try await bench.coordinator.cleanup(CleanupRequest(digest: plan.digest), by: bench.admin)
        #expect(done.deleted.count == doomed)
    }
}

extension Calendar {
    static var utc: Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }
}
