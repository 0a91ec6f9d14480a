import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// What people see: the tables of `agent list`, `backup list` and `status`, from the built programs.
@Suite(.timeLimit(.minutes(3))) struct TableTests {
    @Test func theListingsAreTablesWithHeadingsAndRows() async throws {
        // With somebody to tell, so that there is nothing to warn of.
        let sinks = try AlertSinks()
        defer { sinks.stop() }
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let database = fleet.folder.appending(path: "dev.db")
        _ = try await ProgramOutput.of("sqlite3", [database.path, "CREATE TABLE t (x); INSERT INTO t VALUES (1)"])
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) } }
            policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [local] } }
            \(sinks.yaml)
            """)
        let agent = try await fleet.join(
            "db-01", "databases:\n  - { name: devdb, sqlite: \(database.path), labels: { env: dev } }\n")
        defer { agent.kill() }
        try agent.start()
        try await fleet.backup("--tier", "daily")
        let backup = try #require(try await fleet.list([BackupView].self, "backup", "list").first)

        let agents = try #require(tables(try await fleet.holdfast("agent", "list")).first)
        #expect(agents.headings == ["STATE", "AGENT", "LAST SEEN", "VERSION", "DATABASES"])
        #expect(agents.row["STATE"] == "online" && agents.row["AGENT"] == "db-01" && agents.row["DATABASES"] == "1")
        #expect(agents.row["VERSION"] == Product.version)
        #expect(agents.row["LAST SEEN"] == "just now" || agents.row["LAST SEEN"]?.hasSuffix(" ago") == true)

        let backups = try #require(tables(try await fleet.holdfast("backup", "list")).first)
        #expect(
            backups.headings == [
                "ID", "DATABASE", "AGENT", "TIERS", "STATE", "PROOF", "DATA AS OF", "AGE", "SIZE", "STORED", "WHERE",
            ])
        #expect(backups.row["ID"] == String(backup.id.uuidString.lowercased().prefix(8)))
        #expect(backups.row["DATABASE"] == "devdb" && backups.row["AGENT"] == "db-01")
        #expect(backups.row["TIERS"] == "daily" && backups.row["STATE"] == "good" && backups.row["WHERE"] == "local")
        let time = Timestamp.text(try #require(backup.snapshotAt)).prefix(19).replacing("T", with: " ") + "Z"
        #expect(backups.row["DATA AS OF"] == String(time))
        #expect(backups.row["SIZE"] == "8.2 kB")
        #expect(backups.row["STORED"] == "\(backup.storedBytes) B")

        let status = try await fleet.holdfast("status")
        #expect(
            status.hasPrefix("ALL GOOD   1 of 1 database well · 1 of 1 agent online · 1 good backup, "), "\(status)")
        let parts = tables(String(status.drop { $0 != "\n" }))
        try #require(parts.count == 2, "\(status)")
        #expect(parts[0].headings == ["STATE", "DATABASE", "AGENT", "LAST GOOD", "PROOF", "NEXT", "SIZE"])
        #expect(parts[0].row["STATE"] == "ok" && parts[0].row["DATABASE"] == "devdb")
        #expect(parts[0].row["NEXT"]?.contains(/^in \d+ |-02-29$/) == true && parts[0].row["SIZE"] == "8.2 kB")
        #expect(parts[1].headings == agents.headings)
        #expect(parts[1].row["STATE"] == "online" && parts[1].row["AGENT"] == "db-01")
    }

    /// Headings and one row each; tables stand apart by an empty line. Columns are two blanks apart, and one that holds
    /// nothing is left out, so that every cell of a single row has its heading.
    private func tables(_ text: String) -> [(headings: [String], row: [String: String])] {
        text.split(separator: "\n\n").map { table in
            let lines = table.split(separator: "\n").map { line in
                line.split(separator: #/ {2,}/#).map { $0.trimmingCharacters(in: .whitespaces) }
            }
            #expect(lines.count == 2 && lines.first?.count == lines.last?.count, "\(table)")
            let headings = lines.first ?? []
            return (headings, Dictionary(zip(headings, lines.last ?? [])) { $1 })
        }
    }
}
