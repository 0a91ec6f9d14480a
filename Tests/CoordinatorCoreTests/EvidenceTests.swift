import Archive
import Catalog
import Domain
import Foundation
import Synchronization
import Testing
import Wire

@testable import CoordinatorCore

/// Nothing is deleted on a belief (P2; faults 101 to 120): what lets backups go is looked at first.
@Suite(.timeLimit(.minutes(5)))
struct EvidenceTests {
    private static let folder = "db-01/database-backups/"

    /// Eight daily backups, of which retention would keep three; their newest is an hour old.
    private func eight(
        in bench: Bench, _ offsite: Offsite
    ) async throws -> TestAgent {
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        // From now on it may delete by itself, where it is on: the first time it had nothing to delete.
        try await bench.coordinator.cleanupIfDue()
        for _ in 0..<8 {
            let report = try agent.report(
                .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now,
                destinations: plan.destinations, store: { try offsite.put($0, $1) })
            try await agent.send([report])
            try await bench.liveOn(86_400)
        }
        try await bench.coordinator.confirmCopies()
        try await bench.liveOn(60)
        _ = try await agent.checkIn(revision: plan.revision)
        return agent
    }

    private func bucketOnly(_ bench: Bench, more: String = "") async throws {
        let yaml = """
            destinations: { offsite: { s3: { bucket: acme-backups, region: us-east-1 } } }
            policies: { default: { tiers: { hourly: { keep: 48h } } } }
            \(more)
            """
        _ = try await bench.coordinator.apply(
            ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
    }

    private func localOnly(_ bench: Bench) async throws {
        let yaml = """
            destinations: { local: { directory: /backups } }
            policies: { default: { tiers: { hourly: { keep: 48h } } } }
            """
        _ = try await bench.coordinator.apply(
            ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
    }

    private func kinds(_ bench: Bench) async throws -> [String] {
        try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).map(\.kind).sorted()
    }

    private func cleanUp(_ bench: Bench) async throws -> CleanupResult {
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
        #expect(plan.items.count(where: \.delete) > 0)
        return try await bench.coordinator.cleanup(CleanupRequest(digest: plan.digest), by: bench.admin)
    }

    private func newest(_ bench: Bench) async throws -> BackupView {
        try #require(try await bench.coordinator.backups(by: bench.admin).max { $0.nominalAt < $1.nominalAt })
    }

    @Test(arguments: ["gone", "other bytes", "unreachable"])
    func whatJustifiesADeletionIsLookedAtFirst(_ fault: String) async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        try await bucketOnly(bench)
        _ = try await eight(in: bench, offsite)
        let backup = try await newest(bench)
        let key = Self.folder + (try #require(backup.objects.first).name)
        switch fault {
        case "gone": try offsite.remove(key)
        case "other bytes": try offsite.put(key, Array("dumP".utf8))
        default: offsite.isDown = true
        }
        let before = try offsite.keys
        let result = try await cleanUp(bench)
        #expect(result.deleted.isEmpty && result.rests?.count == 1, "\(result)")
        offsite.isDown = false
        #expect(try offsite.keys == before)
        let check = try await bench.coordinator.check(by: bench.admin)
        switch fault {
        case "gone":
            #expect(try await kinds(bench) == ["missing"])
            #expect(check.level == 2)
            // Put back it counts again, without anybody's word.
            try offsite.put(key, Array("dump".utf8))
            bench.clock.advance(3601)
            try await bench.coordinator.compareFolders()
            #expect(try await kinds(bench) == [])
        case "other bytes":
            #expect(try await kinds(bench) == ["damaged"])
            #expect(check.level == 2)
        default:
            #expect(try await kinds(bench) == [])
        }
        guard fault != "other bytes" else { return }
        bench.clock.advance(60)
        #expect(try await cleanUp(bench).deleted.count == 5)
    }

    @Test func whatLiesOnAHostIsLookedAtByItsAgent() async throws {
        let bench = try await Bench()
        try await localOnly(bench)
        let agent = try await eight(in: bench, Offsite())
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
        #expect(plan.items.count(where: \.delete) == 5)
        bench.disks.silence(agent.identity.id)
        let silent = try await cleanUp(bench)
        #expect(silent.deleted.isEmpty && silent.rests?.first?.contains("out of reach") == true, "\(silent)")
        bench.disks.speak(agent.identity.id)
        let name = try #require(try await newest(bench).objects.first).name
        bench.disks.remove { $0 == name }
        let gone = try await cleanUp(bench)
        #expect(gone.deleted.isEmpty && gone.pending.isEmpty, "\(gone)")
        #expect(try await kinds(bench) == ["missing"])
        #expect(try await bench.coordinator.check(by: bench.admin).level == 2)
    }

    @Test func everyCopyIsLookedAtAgainInRounds() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        try await bucketOnly(bench)
        _ = try await eight(in: bench, offsite)
        try await bench.coordinator.compareFolders()
        let old = try #require(
            try await bench.coordinator.backups(by: bench.admin).min { $0.nominalAt < $1.nominalAt })
        let key = Self.folder + (try #require(old.objects.first).name)
        try offsite.remove(key)
        try offsite.put(Self.folder + "stranger_db_hourly_20260101_000000.sql", [1])
        try offsite.put(Self.folder + "stranger_db_hourly_20260101_000000.json", [2])
        bench.clock.advance(1800)
        try await bench.coordinator.compareFolders()
        #expect(try await kinds(bench) == [], "each round has its time")
        bench.clock.advance(1801)
        try await bench.coordinator.compareFolders()
        #expect(try await kinds(bench) == ["missing"])
        #expect(try await bench.coordinator.backup(old.id.uuidString, by: bench.admin).backup.state == .missing)
        // What nobody knows may be work under way for a day.
        bench.clock.advance(90_000)
        try await bench.coordinator.compareFolders()
        #expect(try await kinds(bench) == ["missing", "stray"])
        let stray = try #require(
            try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).first { $0.kind == "stray" })
        #expect(stray.title.contains("1 backup that the catalog does not know"), "\(stray)")
        #expect(try offsite.keys.contains(Self.folder + "stranger_db_hourly_20260101_000000.json"))
    }

    /// What keeps a backup for another reason does not excuse from looking whether it is there: older ones go because it is.
    @Test func whatIsPinnedIsLookedAtToo() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        try await bucketOnly(bench)
        _ = try await eight(in: bench, offsite)
        let newest = try await bench.coordinator.backups(by: bench.admin).sorted { $0.nominalAt > $1.nominalAt }
            .prefix(3)
        for backup in newest {
            try await bench.coordinator.catalog.write { try $0.setPinned(true, of: backup.id) }
            try offsite.remove(Self.folder + (try #require(backup.objects.first).name))
        }
        let before = try offsite.keys
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
        let result = try await bench.coordinator.cleanup(CleanupRequest(digest: plan.digest), by: bench.admin)
        #expect(result.deleted.isEmpty && result.rests?.count == 1, "\(result)")
        #expect(try offsite.keys == before)
        #expect(try await kinds(bench) == ["missing", "missing", "missing"])
    }

    /// A copy on the host says nothing of the one in the bucket.
    @Test func aBucketThatCannotBeLookedAtKeepsWhatLiesThere() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let yaml = """
            destinations: { local: { directory: /backups }, offsite: { s3: { bucket: acme-backups, region: us-east-1 } } }
            policies: { default: { tiers: { hourly: { keep: 48h } } } }
            """
        _ = try await bench.coordinator.apply(
            ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
        _ = try await eight(in: bench, offsite)
        offsite.isDown = true
        let result = try await cleanUp(bench)
        #expect(result.deleted.isEmpty && result.rests?.count == 1, "\(result)")
        offsite.isDown = false
        #expect(try await cleanUp(bench).rests == nil)
    }

    /// Two stores may have buckets of one name: each is looked at.
    @Test func bucketsOfOneNameInTwoStoresAreTwo() async throws {
        let (one, two) = (try Offsite(), try Offsite())
        let bench = try await Bench.withBucket(one) { world in
            world.openS3 = { (s3) throws(BackupError) in s3.endpoint == "https://two.example" ? two : one }
        }
        let yaml = """
            destinations:
              one: { s3: { bucket: backups, region: us-east-1, endpoint: "https://one.example" } }
              two: { s3: { bucket: backups, region: us-east-1, endpoint: "https://two.example" } }
            policies: { default: { tiers: { hourly: { keep: 48h } } } }
            """
        _ = try await bench.coordinator.apply(
            ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        let report = try agent.report(
            .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now,
            destinations: plan.destinations,
            store: {
                try one.put($0, $1)
                try two.put($0, $1)
            })
        #expect(report.destinations.count == 2)
        try await agent.send([report])
        try await bench.coordinator.confirmCopies()
        try await bench.coordinator.compareFolders()
        #expect(try await kinds(bench) == [])
        try two.remove(Self.folder + (try #require(report.manifest?.objects.first).name))
        bench.clock.advance(3601)
        try await bench.coordinator.compareFolders()
        #expect(try await kinds(bench) == ["missing"])
        let copies = try await bench.coordinator.backup(
            try #require(report.manifest).id.uuidString, by: bench.admin)
        #expect(copies.copyStates == ["one": "confirmed", "two": "missing"])
        #expect(copies.evidence?["one"]?.by == "read" && copies.evidence?["two"] == nil)
    }

    /// Whoever has acknowledged one finding knows nothing of the next.
    @Test func aNewFindingIsNewsAgain() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        try await bucketOnly(bench)
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        let run = UUID()
        func send(_ tier: Tier, at nominalAt: Date) async throws {
            try await agent.send([
                agent.report(
                    .succeeded, run: run, database: "inventory", tiers: [tier], nominalAt: nominalAt,
                    destinations: plan.destinations, store: { try offsite.put($0, $1) })
            ])
        }
        let nominal = bench.clock.now
        try await send(.hourly, at: nominal)
        try await send(.daily, at: nominal)
        func altered() async throws -> IncidentView {
            try #require(
                try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).first {
                    $0.kind == "altered"
                })
        }
        _ = try await bench.coordinator.acknowledgeAlert("\(try await altered().id)", by: bench.admin)
        #expect(try await bench.coordinator.check(by: bench.admin).level < 2)
        // Told once more the same is nothing new.
        try await send(.weekly, at: nominal)
        #expect(try await altered().acknowledgedAt != nil)
        let rival = try agent.report(
            .succeeded, run: UUID(), database: "inventory", tiers: [.hourly], nominalAt: nominal,
            destinations: plan.destinations)
        #expect(try await agent.send([rival]).refused.count == 1)
        let again = try await altered()
        #expect(again.acknowledgedAt == nil && again.detail.contains("another report calls"), "\(again.detail)")
        #expect(try await bench.coordinator.check(by: bench.admin).level == 2)
    }

    /// That nothing is known to be missing is no comfort where nobody could look.
    @Test func whereNobodyCouldLookForADayIsTold() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        try await bucketOnly(bench)
        let agent = try await eight(in: bench, offsite)
        try await bench.coordinator.compareFolders()
        #expect(try await kinds(bench) == [])
        offsite.isDown = true
        for hours in [1, 22, 2] {
            #expect(try await kinds(bench) == [])
            bench.clock.advance(Double(hours) * 3600)
            _ = try await agent.checkIn(revision: 1)
            try await bench.coordinator.compareFolders()
        }
        let alert = try #require(
            try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).first)
        #expect(alert.kind == "unlooked" && alert.detail.contains("took the store down"), "\(alert)")
        #expect(try await bench.coordinator.check(by: bench.admin).level >= 1)
        offsite.isDown = false
        try await bench.coordinator.compareFolders()
        #expect(try await kinds(bench) == [])
    }

    @Test(arguments: [-86_400.0, 86_400.0])
    func anObjectThatIsYoungerOrOlderThanItsReportIsAnIncident(_ off: TimeInterval) async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        try await bucketOnly(bench)
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        let (now, at) = (bench.clock.now, bench.clock.now + off)
        let report = try agent.report(
            .succeeded, run: UUID(), database: "inventory", nominalAt: now, destinations: plan.destinations,
            store: {
                try offsite.put($0, $1)
                offsite.setModified($0.hasSuffix(".sql") ? at : now, $0)
            })
        try await agent.send([report])
        try await bench.coordinator.confirmCopies()
        #expect(try await kinds(bench) == ["altered"])
        #expect(try await bench.coordinator.check(by: bench.admin).level == 2)
    }

    /// The right size and nothing else is no proof, from the first look on.
    @Test func garbageOfTheRightSizeIsNeverStored() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        try await bucketOnly(bench)
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        let report = try agent.report(
            .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now,
            destinations: plan.destinations,
            store: { try offsite.put($0, $0.hasSuffix(".sql") ? Array("junk".utf8) : $1) })
        try await agent.send([report])
        try await bench.coordinator.confirmCopies()
        #expect(try await kinds(bench) == ["damaged"])
        #expect(try await newest(bench).proof == nil)
    }

    /// Backups that only their host has seen let nothing go of what lies off-site: the host may have been taken over.
    @Test func whatAHostSaysOfItsOwnDirectoryLetsNothingGoElsewhere() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        try await bucketOnly(bench)
        let agent = try await eight(in: bench, offsite)
        let real = Set(
            try await bench.coordinator.backups(by: bench.admin).sorted { $0.nominalAt > $1.nominalAt }.prefix(3).map(
                \.id))
        _ = try await bench.coordinator.apply(
            ApplyRequest(
                yaml: """
                    destinations:
                      local: { directory: /backups }
                      offsite: { s3: { bucket: acme-backups, region: us-east-1 } }
                    policies: { default: { tiers: { hourly: { keep: 48h } }, destinations: [local] } }
                    """, fileName: "fleet.yaml", dryRun: false, acceptsDeletions: true), by: bench.admin)
        for _ in 0..<5 {
            bench.clock.advance(60)
            try await agent.send([
                agent.report(
                    .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now,
                    destinations: [Destination(name: "local", directory: .init(path: "/backups"))])
            ])
        }
        try await bench.liveOn(10 * 86_400)
        _ = try await agent.checkIn(revision: 2)
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
        #expect(plan.items.filter { real.contains($0.backup) }.allSatisfy { !$0.delete })
        #expect(plan.items.contains { $0.delete })
    }

    /// A host that goes on telling of files for ever keeps the round from nobody else.
    @Test func aListingWithoutEndIsGivenUp() async throws {
        let asked = Mutex(0)
        let bench = try await Bench { world in
            // Each answer takes a second.
            world.uptime = { .seconds(asked.withLock { $0 }) }
            world.askAgent = { _, question in
                let number = asked.withLock { number in
                    number += 1
                    return number
                }
                return CopyAnswer(
                    question: question.id, files: [.init(name: "\(1_000_000 + number)", bytes: 1)], goesOn: true)
            }
        }
        try await localOnly(bench)
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        try await agent.send([
            agent.report(
                .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now,
                destinations: plan.destinations)
        ])
        try await bench.coordinator.compareFolders()
        #expect(asked.withLock { $0 } == 300)
        #expect(try await newest(bench).state == .good, "what was not told to its end says nothing")
    }

    /// A clock that stands alone deletes nothing by itself.
    @Test func aCoordinatorThatStartsWithAWrongClockDeletesNothing() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite, environment: ["BACKUP_AUTO_CLEANUP": "true"])
        try await bucketOnly(bench)
        let agent = try await eight(in: bench, offsite)
        let right = bench.clock.now
        let before = try offsite.keys
        try bench.coordinator.close()
        // 23 hours ahead: too little for the high-water mark to notice.
        bench.clock.set(Timestamp.text(right + 23 * 3600))
        let again = try await Coordinator.open(
            paths: bench.coordinator.paths, world: bench.coordinator.world, logger: Bench.quiet)
        try await again.cleanupIfDue()
        #expect(try offsite.keys == before, "nobody has shown that the clock is right")
        _ = try await again.checkIn(agent.request(clock: right), from: agent.identity)
        try await again.cleanupIfDue()
        #expect(try offsite.keys == before, "the agent shows that it is wrong")
        let plan = try await again.cleanupPlan(by: bench.admin)
        #expect(plan.suspended?.contains("most agents") == true)
        // Set right while it runs: it rests for a day all the same.
        bench.clock.set(Timestamp.text(right))
        _ = try await again.checkIn(agent.request(clock: right), from: agent.identity)
        try await again.cleanupIfDue()
        #expect(try offsite.keys == before)
        for _ in 0..<2 {
            bench.clock.advance(43_201)
            try await again.catalog.write { [now = bench.clock.now] in try HighWater.note(now, in: $0) }
        }
        _ = try await again.checkIn(agent.request(clock: bench.clock.now), from: agent.identity)
        try await again.cleanupIfDue()
        #expect(try offsite.keys.count < before.count)
        try again.close()
    }
}
