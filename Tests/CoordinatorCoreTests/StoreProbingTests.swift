import Domain
import Foundation
import Storage
import Synchronization
import TestSupport
import Testing
import Wire

@testable import CoordinatorCore

/// What a store does is found, remembered with its age, sent to the agents, and shown.
@Suite(.timeLimit(.minutes(3)))
struct StoreProbingTests {
    /// Answers as it is told, and counts.
    private final class Probes: Sendable {
        let outcome: Mutex<Result<ProbeFindings, BackupError>>
        let count = Mutex(0)

        init(_ change: (inout StoreWays) -> Void) {
            var findings = ProbeFindings()
            change(&findings.ways)
            outcome = Mutex(.success(findings))
        }

        func answer() throws(BackupError) -> ProbeFindings {
            count.withLock { $0 += 1 }
            return try outcome.withLock { $0 }.get()
        }
    }

    private func bench(_ probes: Probes) async throws -> Bench {
        let offsite = try Offsite()
        return try await Bench.withBucket(offsite) { world in
            world.probeStore = { (_, _) throws(BackupError) in try probes.answer() }
        }
    }

    private func view(_ bench: Bench) async throws -> DestinationView {
        try #require(try await bench.coordinator.destinations(by: bench.admin).first { $0.place.hasPrefix("s3://") })
    }

    @Test func whatWasFoundGoesToTheAgentsAndIsShownWithItsAge() async throws {
        let probes = Probes { ($0.conditionOnPut, $0.checksumOnComplete) = (.honoured, .refused) }
        let bench = try await bench(probes)
        let agent = try await bench.enrol("db-01")
        let before = try #require(try await agent.checkIn(databases: [agent.facts("a")]).plan)
        #expect(before.destinations.compactMap(\.s3).map(\.ways) == [nil])
        #expect(try await view(bench).foundAt == nil)

        try await bench.coordinator.probeStores()
        let plan = try #require(try await agent.checkIn(revision: before.revision).plan)
        #expect(plan.destinations.compactMap(\.s3?.ways?.checksumOnComplete) == [.refused])
        let seen = try await view(bench)
        #expect(seen.foundAt == bench.clock.now && seen.failure == nil)
        #expect(seen.promises.contains { $0.promise == "P5" })

        // Not again within a week, and a week later.
        bench.clock.advance(6 * 86_400)
        try await bench.coordinator.probeStores()
        #expect(probes.count.withLock { $0 } == 1)
        bench.clock.advance(86_400)
        try await bench.coordinator.probeStores()
        #expect(probes.count.withLock { $0 } == 2)
    }

    @Test func aProbeThatFailsIsToldAndForgetsNothing() async throws {
        let probes = Probes { $0.conditionOnPut = .honoured }
        let bench = try await bench(probes)
        try await bench.coordinator.probeStores()
        let found = bench.clock.now
        probes.outcome.withLock { $0 = .failure(BackupError(.storageRefused, "AccessDenied: no PutObject")) }
        bench.clock.advance(7 * 86_400)
        try await bench.coordinator.probeStores()
        let seen = try await view(bench)
        #expect(seen.failure == "AccessDenied: no PutObject")
        func alert() async throws -> IncidentView? {
            try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).first { $0.kind == "unprobed" }
        }
        #expect(try await alert() == nil)
        #expect(seen.foundAt == found && seen.ways.conditionOnPut == .honoured)
        bench.clock.advance(1800)
        try await bench.coordinator.probeStores()
        #expect(probes.count.withLock { $0 } == 2)
        bench.clock.advance(1800)
        try await bench.coordinator.probeStores()
        #expect(probes.count.withLock { $0 } == 3)
        // What is known of it grows old.
        #expect(try await alert() == nil)
        bench.clock.advance(2 * 86_400)
        try await bench.coordinator.probeStores()
        let told = try #require(try await alert())
        #expect(told.detail.contains("AccessDenied: no PutObject; what is known is of "), "\(told.detail)")
        probes.outcome.withLock { $0 = .success(ProbeFindings()) }
        bench.clock.advance(3600)
        try await bench.coordinator.probeStores()
        #expect(try await alert() == nil)
    }

    @Test func oneThatNobodyCouldEverLookAtIsToldAtTheSecondTryUntilItIsNoMore() async throws {
        let probes = Probes { _ in }
        probes.outcome.withLock { $0 = .failure(BackupError(.storageRefused, "AccessDenied")) }
        let bench = try await bench(probes)
        func isTold() async throws -> Bool {
            try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).contains {
                $0.kind == "unprobed"
            }
        }
        try await bench.coordinator.probeStores()
        #expect(try await !isTold())
        bench.clock.advance(3600)
        try await bench.coordinator.probeStores()
        #expect(try await isTold())
        #expect(try await bench.coordinator.check(by: bench.admin).level >= 1)
        _ = try await bench.coordinator.apply(
            ApplyRequest(
                yaml:
                    "destinations: { local: { directory: /backups } }\npolicies: { default: { tiers: { daily: {} } } }",
                fileName: "fleet.yaml", dryRun: false), by: bench.admin)
        try await bench.coordinator.probeStores()
        #expect(try await !isTold())
    }

    @Test func fleetYAMLStandsBeforeWhatWasFound() async throws {
        let probes = Probes { ($0.conditionOnPut, $0.keepsMetadata) = (.honoured, true) }
        let bench = try await bench(probes)
        func apply(_ ways: String, class storage: String = "STANDARD") async throws -> ApplyView {
            let yaml = """
                destinations:
                  offsite: { s3: { bucket: acme-backups, storageClass: \(storage), ways: \(ways) } }
                policies: { default: { tiers: { daily: {} } } }
                """
            return try await bench.coordinator.apply(
                ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
        }
        let applied = try await apply("{ conditionOnPut: refused, lock: true }")
        #expect(applied.changes.contains { $0.contains("conditionOnPut refused") && $0.contains("lock yes") })
        try await bench.coordinator.probeStores()
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("a")]).plan)
        let ways = try #require(plan.destinations.first?.s3?.ways)
        #expect(ways.conditionOnPut == .refused && ways.keepsMetadata == true && ways.lock == true)
        let seen = try await view(bench)
        #expect(seen.said?.conditionOnPut == .refused && seen.ways == ways)

        let archived = try await apply("{}", class: "DEEP_ARCHIVE")
        #expect(archived.warnings.contains { $0.contains("DEEP_ARCHIVE is an archive") })
        #expect(try await view(bench).promises.contains { $0.promise == "P7" && $0.holds == false })
        #expect(try await !apply("{}", class: "GLACIER_IR").warnings.contains { $0.contains("archive") })

        let error = await #expect(throws: BackupError.self) { try await apply("{ conditionOnPut: maybe }") }
        #expect(error?.code == .configuration && error?.message.contains("conditionOnPut") == true)
    }

    @Test func promisesFollowFromWhatTheStoreDoes() {
        let place = Destination(name: "offsite", s3: .init(bucket: "b", region: "r", endpoint: "https://s3.test"))
        func held(_ change: (inout StoreWays) -> Void) -> [Bool?] {
            var ways = StoreWays()
            change(&ways)
            return StorePromises.lines(place, ways).map(\.holds)
        }
        #expect(held { _ in } == [nil, nil, nil])
        // OpenStack Swift, then with versions; Ceph RGW 16; a store that proves nothing.
        let swift: (inout StoreWays) -> Void = {
            ($0.conditionOnPut, $0.conditionOnComplete, $0.checksumOnPart, $0.etagIsMD5) = (
                .refused, .honoured, .ignored, true
            )
        }
        #expect(held(swift) == [true, false, nil])
        #expect(
            held {
                swift(&$0)
                $0.versioning = true
            } == [true, true, true])
        #expect(held { ($0.conditionOnPut, $0.conditionOnComplete) = (.honoured, .ignored) } == [nil, false, nil])
        #expect(held { ($0.conditionOnPut, $0.conditionOnComplete) = (.honoured, .honoured) } == [nil, true, nil])
        #expect(
            held { ($0.checksumOnPart, $0.etagIsMD5, $0.keepsKeys) = (.ignored, false, false) } == [
                false, nil, nil, false,
            ])
    }

    /// With the rights of deploy/examples, enforced, and nothing left behind.
    @Test func aRealBucketIsProbedWithTheCoordinatorsOwnRights() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let environment = s3.credentials("coordinator")
        let bench = try await Bench(environment: environment, at: Timestamp.text(Date())) { world in
            let real = CoordinatorWorld(now: { Date() }, uuid: { UUID() }, environment: environment)
            (world.openS3, world.probeStore) = (real.openS3, real.probeStore)
        }
        _ = try await bench.coordinator.apply(
            ApplyRequest(
                yaml: "destinations: { offsite: \(s3.destination) }\npolicies: { default: { tiers: { daily: {} } } }",
                fileName: "fleet.yaml", dryRun: false), by: bench.admin)
        try await bench.coordinator.probeStores()
        let seen = try await view(bench)
        #expect(seen.failure == nil && seen.notes == [])
        #expect(seen.ways.conditionOnComplete == .honoured && seen.ways.versioning == false)
        #expect(try await s3.keys(withItsOwn: true) == [])
    }
}
