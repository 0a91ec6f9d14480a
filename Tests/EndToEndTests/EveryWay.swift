import Archive
import Domain
import Foundation
import TestSupport
import Wire

/// One fleet of two hosts, each with a PostgreSQL server, and a third server that knows nothing of it for the stock lines: takes
/// rows every way, and says of each what came of it.
final class EveryWay: Sendable {
    let fleet: Fleet
    let (home, other): (FleetAgent, FleetAgent)
    let (source, elsewhere, stock): (PostgresCluster, PostgresCluster, PostgresCluster)
    /// By which the other host gets what the first one has backed up.
    let store: S3Server
    /// Where the sources lie, and all that is no database of a server.
    let folder: URL

    /// Makes the sources of all rows, and a fleet that has them. Throws, naming the row, when one cannot be made.
    init(_ rows: [EveryWayRow]) async throws {
        (source, elsewhere, stock) = (try PostgresCluster(), try PostgresCluster(), try PostgresCluster())
        store = try S3Server()
        fleet = try await Fleet(environment: store.credentials("coordinator"))
        folder = fleet.folder.appending(path: "rows")
        let (sources, targets) = (folder.appending(path: "home"), folder.appending(path: "other"))
        for folder in [sources, targets, folder.appending(path: "by-agent")] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        try await source.sql("CREATE ROLE keeper; CREATE ROLE reader LOGIN PASSWORD 'r'; GRANT keeper TO reader")
        for row in rows {
            do {
                try await Self.make(row, source, sources)
            } catch {
                throw ServerFailure("\(row.entry) cannot be made: \(error)")
            }
        }
        let policies = ["gzip", "zstd"].map {
            "  \($0): { selector: { codec: \($0) }, destinations: [local, offsite], compression: \($0), "
                + "tiers: { daily: { schedule: \"0 0 29 2 *\", include: [application] } } }\n"
        }
        try await fleet.apply(
            "destinations: { local: { directory: \(fleet.local.path) }, offsite: \(store.destination) }\npolicies:\n"
                + policies.joined())
        let places = FileManager.default.temporaryDirectory.path
        let allow =
            "allow: { directories: [data, \(places)], endpoints: any, restoreTo: [declared, beside, \(places)], trustOrigin: true }\n"
        func yaml(_ cluster: PostgresCluster, _ folder: URL) -> String {
            "databases:\n" + rows.map { $0.declaration(cluster, folder) }.joined() + allow
        }
        let credentials = store.credentials("agent")
        home = try await fleet.join("home", yaml(source, sources), environment: credentials)
        other = try await fleet.join("other", yaml(elsewhere, targets), environment: credentials)
        for agent in [home, other] { try agent.start() }
        try await fleet.knows(2 * rows.count)
    }

    func stop() {
        for agent in [home, other] { agent.kill() }
        fleet.stop()
        store.stop()
        for cluster in [source, elsewhere, stock] { cluster.stop() }
    }

    private static func make(_ row: EveryWayRow, _ cluster: PostgresCluster, _ folder: URL) async throws {
        switch row.subject {
        case .postgres(_, let make):
            try await make(cluster, row.database)
            // What the database is apart from what is in it.
            let name = row.database
            for statement in [
                "ALTER DATABASE \(name) OWNER TO keeper", "REVOKE ALL ON DATABASE \(name) FROM PUBLIC",
                "GRANT CONNECT ON DATABASE \(name) TO reader", "ALTER DATABASE \(name) CONNECTION LIMIT 40",
                "ALTER DATABASE \(name) SET statement_timeout = '1h'", "COMMENT ON DATABASE \(name) IS 'it''s \(name)'",
                "ALTER ROLE reader IN DATABASE \(name) SET work_mem = '7MB'",
            ] { try await cluster.sql(statement) }
        case .sqlite(let make):
            let file = folder.appending(path: row.entry + ".db")
            try await make(file)
            try await ran("sh", ["-c", #"chown 12345:23456 "$1" && chmod 0640 "$1""#, "sh", file.path])
        case .tree(let make): try await make(folder.appending(path: row.entry))
        }
    }

    /// Where the source of a file or tree lies.
    func path(_ row: EveryWayRow, _ host: String = "home") -> String {
        let suffix = if case .sqlite = row.subject { ".db" } else { "" }
        return folder.appending(path: host).appending(path: row.entry + suffix).path
    }

    /// The source by what `truth.py` calls it.
    func place(_ row: EveryWayRow) -> String { row.kind == "postgres" ? row.database : path(row) }

    func truth(_ row: EveryWayRow, at place: String, _ cluster: PostgresCluster) async throws -> Truth {
        try await Truth.take(row.kind, place, cluster, in: folder)
    }
}

extension EveryWay {
    /// Takes one row every way. What is there after the backup and before the replacing is not what it was.
    func take(_ row: EveryWayRow) async throws -> [Way: Cell] {
        let truth = try await truth(row, at: place(row), source)
        var cells: [Way: Cell] = [:]
        let made = try await fleet.backUp(["--agent", "home", "--database", row.entry, "--type", "all"])
        guard made.status == 0 else {
            cells[.backup] = .refused(made.error)
            return cells
        }
        let views = try await fleet.list([BackupView].self, "backup", "list", "--agent", "home", "--limit", "10000")
        guard let view = views.first(where: { $0.database.rawValue == row.entry }), view.state == .good else {
            cells[.backup] = .bad("exit 0, and no good backup: \(made.error)")
            return cells
        }
        let detail = try await fleet.list(BackupDetailView.self, "backup", "show", view.id.uuidString)
        let notes = detail.manifest.notes ?? []
        cells[.backup] = notes.isEmpty ? .good("good") : .told(notes.joined(separator: "; "))
        let stored = StoredBackup(row: row, detail: detail, truth: truth, notes: notes)
        cells[.verify] = try await verify(stored)
        cells[.beside] = try await beside(stored)
        cells[.agentRestore] = try await agentRestore(stored)
        cells[.otherHost] = try await otherHost(stored)
        cells[.stockLine] = try await stockLines(stored)
        cells[.replacing] = try await replacing(stored)
        return cells
    }
}

/// A backup of a row, and what the row was before.
struct StoredBackup {
    let row: EveryWayRow
    let detail: BackupDetailView
    let truth: Truth
    let notes: [String]

    var id: String { detail.backup.id.uuidString }
}
