import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// `holdfast-agent adopt` and `holdfast adopt`: dumps that scripts have left become backups (issue 10, D).
@Suite(.timeLimit(.minutes(6))) struct AdoptTests {
    private func shell(_ words: String) async throws {
        let output = try await ProgramOutput.of("bash", ["-c", "set -euo pipefail; " + words])
        #expect(output.status == 0, "\(output.error)")
    }

    @Test func dumpsOfScriptsAreTakenInKeptAndRestored() async throws {
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        _ = try await cluster.sql("CREATE DATABASE shop")
        _ = try await cluster.sql(
            "CREATE TABLE t (n int); INSERT INTO t SELECT generate_series(1, 5000)", database: "shop")
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.applyLocally(
            policies: #"  all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 7d } }, destinations: [local] }"#)
        let old = fleet.folder.appending(path: "old's dumps")
        try FileManager.default.createDirectory(at: old, withIntermediateDirectories: true)
        let dump = old.appending(path: "shop_db_daily_20240115_020000.sql.gz")
        let text = try await cluster.dump("shop")
        let plain = fleet.folder.appending(path: "plain.sql")
        try Data(text.utf8).write(to: plain)
        let files = try await fleet.sqlite("notes.db", "CREATE TABLE t (n); INSERT INTO t VALUES (7)")
        try await shell("gzip -c '\(plain.path)' > \"\(dump.path)\"")
        try await shell("gzip -c '\(files.path)' > \"\(old.path)/notes-2025-06-01.db.gz\"")
        try await shell("head -c 5000 \"\(dump.path)\" > \"\(old.path)/shop_20230101_000000.sql.gz\"")
        try await shell("head -n 40 '\(plain.path)' > \"\(old.path)/shop_20230102_000000.sql\"")
        try await shell("cp \"\(dump.path)\" \"\(old.path)/whatever.sql.gz\"")

        let agent = try await fleet.join(
            "db-01",
            """
            databases:
              - { name: shop, url: "\(cluster.url(database: "shop"))" }
              - { name: notes, sqlite: "\(files.path)" }
            """)
        defer { agent.kill() }
        try agent.start()
        try await fleet.knows(2)
        try await eventually("the plan is there") {
            FileManager.default.fileExists(atPath: agent.data.appending(path: "plan.json").path) ? true : nil
        }

        // They are found, and the line is said.
        let found = try await fleet.run("adopt", old.path)
        #expect(found.status == 0 && found.text.contains("shop, as of 2024-01-15T"), "\(found)")
        #expect(found.text.contains("of an unknown database, of an unknown time"), "\(found)")
        #expect(found.text.contains("holdfast-agent adopt '\(old.path.replacing("'", with: "'\\''"))/"), "\(found)")
        #expect(try await fleet.list(AdoptableView.self, "adopt", old.path).count == 5)

        // What is not said, or not so, is refused before anything is stored.
        let zone = ["TZ": "America/New_York"]
        let nameless = try await agent.run(["adopt", dump.path, "\(old.path)/whatever.sql.gz"], zone)
        #expect(nameless.status == 2 && nameless.error.contains("--database, or --pattern"), "\(nameless)")
        let future = try await agent.run(["adopt", dump.path, "--at", "2199-01-01T00:00:00Z"], zone)
        #expect(future.status == 2 && future.error.contains("still to come"), "\(future)")
        let dry = try await agent.run(["adopt", "--dry-run", dump.path], zone)
        #expect(dry.status == 0 && dry.error.contains("shop, as of 2024-01-15T07:00:00Z"), "\(dry)")
        let other = try await agent.run(["adopt", dump.path, "--database", "nope"], zone)
        #expect(other.status == 5 && other.error.contains("it has shop, notes"), "\(other)")
        let kind = try await agent.run(["adopt", dump.path, "--database", "notes"], zone)
        #expect(kind.status == 2 && kind.error.contains("no dump of a database of the kind sqlite"), "\(kind)")
        for cut in ["shop_20230101_000000.sql.gz", "shop_20230102_000000.sql"] {
            let damaged = try await agent.run(["adopt", "\(old.path)/\(cut)"], zone)
            #expect(damaged.status == 3, "\(damaged)")
        }
        #expect(try await fleet.backups().isEmpty)

        // By the agent that runs, and without it.
        let adopted = try await agent.run(["adopt", dump.path], zone)
        #expect(adopted.status == 0 && adopted.error.contains("stored at local"), "\(adopted)")
        agent.kill()
        let alone = try await agent.run(["adopt", "\(old.path)/notes-2025-06-01.db.gz"], zone)
        #expect(alone.status == 0, "\(alone)")
        try agent.start()
        let backups = try await eventually("the coordinator knows both") { () async throws -> [BackupView]? in
            let backups = try await fleet.backups()
            return backups.count == 2 && backups.allSatisfy { $0.state == .good } ? backups : nil
        }
        #expect(backups.allSatisfy { $0.pinned && $0.tiers == [.manual] })
        #expect(
            Set(backups.compactMap { $0.snapshotAt.map(Timestamp.text) }) == [
                "2024-01-15T07:00:00Z", "2025-06-01T04:00:00Z",
            ])
        let taken = try #require(backups.first { $0.database.rawValue == "shop" })
        // A dump that could not be taken in, and an old one that was, say nothing of how the database is backed up now.
        #expect(
            try await fleet.list([IncidentView].self, "alert", "list", "--all").filter { $0.kind == "failed" } == [])
        let shown = try await fleet.holdfast("backup", "show", taken.id.uuidString)
        #expect(shown.contains("made by another tool, and taken in from \(dump.path)"), "\(shown)")
        #expect(FileManager.default.fileExists(atPath: dump.path))
        let verified = try await fleet.run("backup", "verify", taken.id.uuidString)
        #expect(verified.status == 0, "\(verified)")
        let restored = try await fleet.run("restore", taken.id.uuidString, "--to", "back", "--yes")
        #expect(restored.status == 0, "\(restored)")
        #expect(try await cluster.sql("SELECT count(*) FROM t", database: "back").contains("5000"))

        // The next backup is the newest, whatever was adopted since, and nothing goes.
        try await fleet.backup()
        let later = try await agent.run(["adopt", dump.path, "--at", "2022-02-02T00:00:00Z"], zone)
        #expect(later.status == 0, "\(later)")
        try await eventually("all are known") { try await fleet.backups().count == 5 ? true : nil }
        let databases = try await fleet.list([DatabaseView].self, "database", "list")
        #expect(databases.allSatisfy { Date().timeIntervalSince($0.lastGoodAt ?? .distantPast) < 600 }, "\(databases)")
        #expect(try await fleet.run("cleanup", "--force").status == 0)
        #expect(try await fleet.backups().count == 5)
        #expect(try await fleet.run("backup", "unpin", taken.id.uuidString).status == 0)
        #expect(try await fleet.run("backup", "unpin", taken.id.uuidString).status == 2)
        #expect(try await fleet.backups().filter(\.pinned).count == 2)
    }

    /// Killed before anything was stored, and when all but the manifest was.
    @Test(arguments: [("admitted", false), ("sealed", true)])
    func aKillInTheMiddleIsNoAlert(point: String, isThere: Bool) async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.applyLocally(
            policies: #"  all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 7d } }, destinations: [local] }"#)
        let file = try await fleet.sqlite("notes.db", "CREATE TABLE t (n); INSERT INTO t VALUES (7)")
        let dump = fleet.folder.appending(path: "notes_20240115_020000.db")
        try FileManager.default.copyItem(at: file, to: dump)
        let agent = try await fleet.join("db-01", "databases:\n  - { name: notes, sqlite: \(file.path) }\n")
        defer { agent.kill() }
        try agent.start()
        try await fleet.knows(1)
        try await eventually("the plan is there") {
            FileManager.default.fileExists(atPath: agent.data.appending(path: "plan.json").path) ? true : nil
        }
        agent.kill()
        let killed = try await agent.run(["adopt", dump.path], ["HOLDFAST_FAULT": point])
        #expect(killed.status != 0, "\(killed)")
        try agent.start()
        try await eventually("it is told") {
            let left = try ["runs", "spool"].flatMap { folder in
                try FileManager.default.contentsOfDirectory(atPath: agent.data.appending(path: folder).path)
                    .filter { $0.hasSuffix(".json") }
            }
            return left.isEmpty ? true : nil
        }
        let backups = try await fleet.backups()
        #expect(backups.map(\.state) == (isThere ? [.good] : []) && backups.allSatisfy(\.pinned), "\(backups)")
        #expect(
            try await fleet.list([IncidentView].self, "alert", "list", "--all").filter { $0.kind == "failed" } == [])
        let again = try await agent.run(["adopt", dump.path])
        #expect(again.status == 0, "\(again)")
    }
}
