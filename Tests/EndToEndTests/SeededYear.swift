import Archive
import CoordinatorCore
import Domain
import Foundation
import Logging
import Sealing
import Storage
import Synchronization
import TestSupport
import Testing
import Wire

/// A year of backups of one host, as the default policy makes them, thinned out to twice a day: real objects in the
/// bucket, and their reports taken by the coordinator's own code with a clock that goes through that year.
///
/// No program may have the coordinator's data directory meanwhile.
struct SeededYear {
    let fleet: Fleet
    let s3: S3Server
    let agent: AgentView
    let policy: String
    let destination: String

    /// The newest is an hour old, so that no age passes a limit while a test looks at it.
    func seed(days: Int = 365, now: Date = Date()) async throws {
        let clock = Mutex(now)
        let world = CoordinatorWorld(
            now: { clock.withLock { $0 } }, uuid: { UUID() }, environment: s3.credentials("coordinator"))
        let coordinator = try await Coordinator.open(
            paths: CoordinatorPaths(dataDirectory: fleet.data), world: world,
            logger: Logger(label: "seed", factory: { _ in SwiftLogNoOpLogHandler() }))
        let store = try store()
        let identity = AgentIdentity(id: agent.id, name: agent.name, key: "")
        var stored: [String: Date] = [:]
        for number in (0..<days * 2).reversed() where number % 34 != 10 {
            // Nights that failed are part of every year.
            let time =
                Date(timeIntervalSince1970: (now.timeIntervalSince1970 - 3600).rounded(.down)) - Double(number) * 43_200
            clock.withLock { $0 = time }
            let report = try report(at: time, tiers: tiers(of: time, isNight: number.isMultiple(of: 2)), store)
            let receipt = try await coordinator.record(
                ReportBatch(items: [.init(id: UUID(), run: report)]), from: identity)
            guard receipt.refused.isEmpty else { throw ServerFailure("refused: \(receipt.refused[0].reason)") }
            for place in report.destinations {
                for object in place.objects { stored[place.folder + object.name] = time }
            }
        }
        try coordinator.close()
        try s3.backdate(stored)
    }

    /// A fleet with the backups of so many days, its one host (which does not run), and what cleanup would do once the
    /// coordinator has seen every copy.
    static func fleet(_ s3: S3Server, days: Int) async throws -> (Fleet, FleetAgent, CleanupView) {
        let fleet = try await Fleet(environment: s3.credentials("coordinator"))
        try await fleet.apply(
            """
            destinations: { offsite: \(s3.destination) }
            policies: { all: { tiers: { hourly: {}, daily: {}, weekly: {}, monthly: {} }, destinations: [offsite] } }
            """)
        let host = try await fleet.join("db-01", "databases: []\n")
        let agent = try #require(try await fleet.list([AgentView].self, "agent", "list").first)
        fleet.killCoordinator()
        try await SeededYear(fleet: fleet, s3: s3, agent: agent, policy: "all", destination: "offsite").seed(days: days)
        try await fleet.start()
        // Also the young ones, of which the plan does not say it: until they count, the floor is made of older ones.
        try await eventually("the coordinator has seen every copy", within: .seconds(240)) {
            try await fleet.catalog("SELECT count(*) FROM copy WHERE state = 'stored'") == ["0"] ? true : nil
        }
        return (fleet, host, try await fleet.list(CleanupView.self, "cleanup", "--dry-run"))
    }

    private func tiers(of time: Date, isNight: Bool) -> [Tier] {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let date = calendar.dateComponents([.day, .weekday], from: time)
        guard isNight else { return [.hourly] }
        return (date.day == 1 ? [.monthly] : []) + (date.weekday == 1 ? [.weekly] : []) + [.daily, .hourly]
    }

    /// Writes with the agent's keys.
    func store() throws -> S3Store {
        try S3Store(
            configuration: S3Configuration(
                .init(bucket: s3.bucket, region: "us-east-1", endpoint: s3.endpoint, caFile: s3.ca)),
            credentials: CredentialChain(variables: s3.credentials("agent"), home: "/nonexistent", now: { Date() }),
            now: { Date() })
    }

    /// That a small dump was made and stored then; its objects are put there.
    func report(at time: Date, tiers: [Tier], _ store: S3Store) throws -> RunReport {
        let plain = Array(
            """
            --
            -- PostgreSQL database dump
            --

            SELECT '\(Timestamp.text(time))';

            --
            -- PostgreSQL database dump complete
            --

            """.utf8)
        var report = RunReport(
            run: UUID(), attempt: 1, sequence: 1, database: try DatabaseName("inventory"), kind: .postgres,
            policy: policy, tiers: tiers, nominalAt: time, at: time, event: .succeeded)
        let keys = BackupKeys(
            agentName: agent.name, database: report.database, kind: .postgres, tier: tiers.max() ?? .manual,
            nominalAt: time)
        let digest = hex(sha256(plain))
        let object = Manifest.Object(
            role: .dump, name: keys.objectName(.dump, .plain, .none), format: .plain, codec: .none,
            plainBytes: Int64(plain.count), plainSha256: digest, storedBytes: Int64(plain.count), storedSha256: digest)
        let manifest = Manifest(
            id: UUID(), run: report.run, attempt: 1, agent: .init(id: agent.id, name: agent.name),
            database: .init(name: report.database, kind: .postgres, serverVersion: nil, sizeBytes: nil),
            policy: policy, tiers: tiers, nominalAt: time, startedAt: time, snapshotAt: time, finishedAt: time,
            tool: "pg_dump 15.8", objects: [object], fingerprint: nil, restore: [], holdfast: "0.1.0")
        report.manifest = manifest
        report.destinations = [
            DestinationResult(
                destination: destination, isComplete: true, folder: keys.folder,
                objects: [
                    try put(object.name, plain, keys, store),
                    try put(keys.manifestName, manifest.encoded(), keys, store),
                ], error: nil)
        ]
        return report
    }

    private func put(
        _ name: String, _ bytes: [UInt8], _ keys: BackupKeys, _ store: S3Store
    ) throws -> DestinationResult.StoredObject {
        let digest = hex(sha256(bytes))
        let facts = try store.put(keys.folder + name, bytes, sha256: digest)
        return .init(name: name, bytes: Int64(bytes.count), sha256: digest, etag: facts.etag)
    }
}
