import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A backup that is named by the path of its file, as people know them, with the words of the older guide.
@Suite(.timeLimit(.minutes(5))) struct RestoreByPathTests {
    @Test func theFileOrItsNameStandsForTheBackup() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.applyLocally(
            policies: #"  all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [local] }"#)
        let database = try await fleet.sqlite("dev.db", "CREATE TABLE t (n); INSERT INTO t VALUES (1)")
        let agent = try await fleet.join("db-01", "databases:\n  - { name: devdb, sqlite: \(database.path) }\n")
        defer { agent.kill() }
        try agent.start()
        try await fleet.backup()
        let backup = try #require(try await fleet.backups().first)
        let id = String(backup.id.uuidString.lowercased().prefix(8))
        let name = try #require(backup.objects.first).name
        let folder = fleet.local.appending(path: "db-01/database-backups").path
        let manifest = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasSuffix(".json") })

        for (number, way) in [
            ["\(folder)/\(name)"], [name], ["\(folder)/\(manifest)"],
            ["--backup-path", "\(folder)/\(name)", "--force"],
            ["./database-backups/\(name)"],
        ].enumerated() {
            let target = fleet.folder.appending(path: "restored-\(number).db").path
            let restored = try await fleet.run(["restore", "--to", target, "--yes"] + way, input: "")
            #expect(restored.status == 0 && restored.error.contains("backup \(id), has it"), "\(way): \(restored)")
            let rows = try await ProgramOutput.of("sqlite3", [target, "SELECT n FROM t"])
            #expect(rows.text == "1\n", "\(rows)")
        }
        for option in ["--path", "--backup-path"] {
            let verified = try await fleet.run("backup", "verify", option, "\(folder)/\(name)")
            #expect(verified.status == 0, "\(verified)")
        }
        #expect(try await fleet.backups().first?.proof == 2)
        let elsewhere = try await fleet.run("restore", "/tmp/\(name)", "--to", "/tmp/none.db")
        #expect(
            elsewhere.status == 5 && elsewhere.error.contains("holdfast-agent restore /tmp/\(name)"), "\(elsewhere)")
        #expect(
            elsewhere.error.contains("an object of that name, elsewhere, is of \(id) (devdb from db-01"), "\(elsewhere)"
        )
        let bucket = try await fleet.run("backup", "verify", "--path", "s3://acme/db-01/database-backups/\(name)")
        #expect(bucket.status == 5 && bucket.error.contains("no backup in the catalog has s3://acme/"), "\(bucket)")
        #expect(try await fleet.run("restore", id, "--backup-path", name).status == 2)
        #expect(try await fleet.run("backup", "verify", id, "--path", name).status == 2)
        // Digits alone are a name where a path is asked for.
        #expect(try await fleet.run("backup", "verify", "--path", id).status == 5)
    }
}
