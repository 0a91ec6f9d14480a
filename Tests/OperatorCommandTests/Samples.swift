import Archive
import Domain
import Foundation
import Wire

@testable import holdfast

/// Views to render, each whole; a test changes what it is about.
enum Sample {
    static let now = Date(timeIntervalSince1970: 1_768_442_400)  // 2026-01-15 02:00:00Z

    static func ago(_ seconds: Double) -> Date { now.addingTimeInterval(-seconds) }

    static func id(_ number: Int) -> UUID {
        let digits = String(number, radix: 16)
        let text = String(repeating: "0", count: 8 - digits.count) + digits + "-0000-4000-8000-000000000000"
        return UUID(uuidString: text) ?? UUID()
    }

    static func database(
        _ name: String, agent: String = "db-01", _ state: DatabaseState = .ok, lastGood: Double? = 180,
        lastError: String? = nil, problem: String? = nil
    ) throws -> DatabaseView {
        DatabaseView(
            name: try DatabaseName(name), agent: agent, kind: .postgres, state: state,
            lastGoodAt: lastGood.map { ago($0) },
            lastGoodBackup: lastGood.map { _ in id(1) }, nextAt: ago(-1500), rpoSeconds: 3600,
            rpoMet: lastGood.map { $0 < 3600 },
            proof: lastGood.map { _ in 0 }, lastError: lastError, policies: ["default"], sizeBytes: 2_104_000_000,
            problem: problem, labels: [:])
    }

    static func agent(_ name: String, _ state: AgentState = .online, running: [RunView] = []) -> AgentView {
        AgentView(
            id: id(9), name: name, state: state, lastSeenAt: state == .new ? nil : ago(20), version: "0.1.0",
            labels: [:],
            databases: ["inventorysync"], running: running)
    }

    static func incident(_ title: String, database: String? = nil, critical: Bool = true, since: Double = 600)
        -> IncidentView
    {
        IncidentView(
            id: 1, key: title, kind: "overdue", severity: critical ? "critical" : "warning", agent: "db-01",
            database: database,
            title: title, detail: "first line\nsecond line", openedAt: ago(since), deliveries: [])
    }

    static func status(
        databases: [DatabaseView], agents: [AgentView] = [agent("db-01")], incidents: [IncidentView] = [],
        findings: [String] = []
    ) -> StatusView {
        StatusView(
            coordinator: CoordinatorView(version: "0.1.0", startedAt: ago(9000), now: now, findings: findings),
            agents: agents,
            databases: databases, incidents: incidents,
            totals: TotalsView(
                agents: agents.count, agentsOnline: agents.count { $0.state == .online }, databases: databases.count,
                databasesHealthy: databases.count { $0.state == .ok }, backups: 42, storedBytes: 1_536_000_000,
                openIncidents: incidents.count))
    }

    static func backup(_ number: Int, _ name: String = "inventorysync") throws -> BackupView {
        BackupView(
            id: id(number), agent: "db-01", database: try DatabaseName(name), kind: .postgres,
            tiers: [.daily, .hourly],
            state: .good, proof: 2, startedAt: ago(240), finishedAt: ago(180), nominalAt: ago(240),
            plainBytes: 1_553_402_457,
            storedBytes: 536_759_028, destinations: ["local", "offsite"], pinned: false,
            objects: [ObjectView(name: "o.sql.gz", sha256: "ab", bytes: 5)], policy: "default", run: id(7),
            recordedAt: ago(180))
    }

    /// With one copy for each of these: state, folder as other tools name it, and what went wrong.
    static func detail(_ copies: [(state: String, place: String, error: String?)]) throws -> BackupDetailView {
        let view = try backup(1)
        let manifest = Manifest(
            id: view.id, run: view.run, attempt: 1, agent: .init(id: id(9), name: "db-01"),
            database: .init(name: view.database, kind: view.kind, serverVersion: nil, sizeBytes: nil),
            policy: "default", tiers: view.tiers, nominalAt: view.nominalAt, startedAt: view.startedAt,
            snapshotAt: view.startedAt, finishedAt: view.finishedAt, tool: "pg_dump 15.8", objects: [],
            fingerprint: nil, restore: [], holdfast: "0.1.0")
        let named = copies.enumerated().map { ("d\($0)", $1) }
        return BackupDetailView(
            backup: view, manifest: manifest,
            copies: named.map { name, copy in
                DestinationResult(
                    destination: name, isComplete: copy.state == "stored" || copy.state == "confirmed", folder: "f/",
                    objects: ["o.sql.gz", "o.json"].map { .init(name: $0, bytes: 5, sha256: "ab", etag: "") },
                    error: copy.error)
            }, locations: Dictionary(uniqueKeysWithValues: named.map { ($0, $1.place) }),
            copyStates: Dictionary(uniqueKeysWithValues: named.map { ($0, $1.state) }))
    }

    static func run(
        _ state: RunState, _ name: String = "inventorysync", phase: String? = nil, bytes: Int64? = nil,
        failure: Failure? = nil,
        destinations: [DestinationResult] = []
    ) throws -> RunView {
        RunView(
            id: id(7), agent: "db-01", database: try DatabaseName(name), kind: .postgres, policy: "default",
            tiers: [.manual],
            state: state, attempt: 1, nominalAt: ago(60), startedAt: ago(60), phase: phase, plainBytes: bytes,
            failure: failure,
            destinations: destinations)
    }
}
