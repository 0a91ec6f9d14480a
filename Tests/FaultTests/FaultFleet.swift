import Domain
import Foundation
import TestSupport
import Wire

/// A fleet of one host with a SQLite database of some megabytes that do not compress, and a schedule that never fires
/// during a test.
struct FaultFleet {
    let fleet: Fleet
    let agent: FleetAgent
    let database: URL

    /// Stands for the fleet's own directory, whose path is not known before.
    static let local = "LOCAL"

    init(
        destinations: [(name: String, yaml: String)] = [("local", FaultFleet.local)], megabytes: Int = 1,
        coordinator: [String: String] = [:], agent environment: [String: String] = [:], retries: Int = 1
    ) async throws {
        fleet = try await Fleet(environment: coordinator)
        database = fleet.folder.appending(path: "dev.db")
        let made = try await ProgramOutput.of(
            "sqlite3",
            [
                database.path,
                """
                CREATE TABLE t (x BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(megabytes))
                INSERT INTO t SELECT randomblob(1048576) FROM n;
                """,
            ])
        guard made.status == 0 else { throw ServerFailure("sqlite3: \(made.error)") }
        try await Self.apply(destinations, to: fleet)
        agent = try await fleet.join(
            "db-01",
            """
            databases:
              - { name: devdb, sqlite: \(database.path) }
            retries: { attempts: \(retries), delaySeconds: 0 }
            """, environment: environment)
    }

    /// From now on backups go there. `alerts` is the line of that name, if any.
    func apply(_ destinations: [(name: String, yaml: String)], alerts: String = "") async throws {
        try await Self.apply(destinations, alerts: alerts, to: fleet)
    }

    private static func apply(
        _ destinations: [(name: String, yaml: String)], alerts: String = "", to fleet: Fleet
    ) async throws {
        let local = "{ directory: \(fleet.local.path) }"
        try await fleet.apply(
            """
            destinations:
            \(destinations.map { "  \($0.name): \($0.yaml == FaultFleet.local ? local : $0.yaml)" }.joined(separator: "\n"))
            policies:
              all:
                tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }
                destinations: [\(destinations.map(\.name).joined(separator: ", "))]
            \(alerts)
            """)
    }

    func known() async throws {
        try await eventually("databases are known") {
            try await fleet.list([DatabaseView].self, "database", "list").isEmpty ? nil : true
        }
    }

    /// Asks for a backup and does not wait for its end.
    func begin() async throws {
        try await known()
        try await fleet.holdfast("backup", "create")
    }

    /// An upload is under way, and the agent has written down its id.
    func isUploading(to s3: S3Server) async throws {
        try await eventually("an upload has begun") { try s3.begunUploads().isEmpty ? nil : true }
        try await eventually("the agent knows the upload") { try agent.hasNotedAnUpload() ? true : nil }
    }

    func backups() async throws -> [BackupView] { try await fleet.list([BackupView].self, "backup", "list") }

    /// Asks for a backup and waits; the exit status and what was said.
    func backup() async throws -> ProgramOutput {
        try await known()
        return try await fleet.backUp()
    }

    /// File names below the local destination, without folders.
    var files: [String] {
        let below = (try? FileManager.default.subpathsOfDirectory(atPath: fleet.local.path)) ?? []
        return below.filter { $0.split(separator: "/").count == 3 }.map { String($0.split(separator: "/")[2]) }.sorted()
    }

    func stop() {
        agent.kill()
        fleet.stop()
    }
}

extension FleetAgent {
    /// Whether it has written down an upload with the id that the store gave it. Cut off before, it could not abort it: it
    /// may list none.
    func hasNotedAnUpload() throws -> Bool {
        let folder = data.appending(path: "uploads")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).contains { name in
            try String(contentsOf: folder.appending(path: name), encoding: .utf8).contains("\"uploadID\"")
        }
    }
}
