import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// The three greps of the older guide find in the log of the built coordinator what they found before: failures, sizes, cleanups.
@Suite(.timeLimit(.minutes(5))) struct GreppedLogTests {
    @Test func theGrepsOfTheOlderGuideFindEachThing() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) } }
            policies: { all: { tiers: { daily: { keep: 30d } }, destinations: [local] } }
            """)
        let database = fleet.folder.appending(path: "good.db")
        _ = try await ProgramOutput.of("sqlite3", [database.path, "CREATE TABLE t (x); INSERT INTO t VALUES (1)"])
        let agent = try await fleet.join(
            "db-01",
            """
            databases:
              - { name: good, sqlite: \(database.path) }
              - { name: bad, sqlite: \(fleet.folder.path)/none.db }
            retries: { attempts: 1 }
            """)
        defer { agent.kill() }
        try agent.start()
        try await eventually("databases are known") {
            try await fleet.list([DatabaseView].self, "database", "list").count == 2 ? true : nil
        }
        #expect(try await grep(["-i", "failed\\|error"], fleet) == [])
        #expect(try await grep(["compressed_size"], fleet) == [])
        #expect(try await grep(["cleanup"], fleet) == [])

        #expect(try await fleet.run("backup", "create", "--type", "all", "--wait").status == 1)
        let failed = try await grep(["-i", "failed\\|error"], fleet)
        #expect(failed.count == 1, "\(failed)")
        #expect(failed.first?.contains(" ERROR backup failed agent=db-01 database=bad error=") == true, "\(failed)")
        let backup = try #require(try await fleet.list([BackupView].self, "backup", "list").first)
        let sizes = try await grep(["compressed_size"], fleet)
        #expect(sizes.count == 1, "\(sizes)")
        #expect(
            sizes.first?.contains("compressed_size=\(backup.storedBytes) database=good") == true, "\(sizes)")

        // Verifications that fail, and what is cleaned up, have their lines too.
        #expect(try await fleet.run("backup", "verify", backup.id.uuidString).status == 0)
        let file = fleet.local.appending(path: "db-01/database-backups/\(backup.objects[0].name)")
        try Data("damaged".utf8).write(to: file)
        #expect(try await fleet.run("backup", "verify", backup.id.uuidString).status == 3)
        let log = try await grep(["verification"], fleet)
        #expect(log.count == 2 && log[0].contains("verification finished") && log[1].contains("verification failed"))
        #expect(try await grep(["-i", "failed\\|error"], fleet).count == 2)
    }

    private func grep(_ arguments: [String], _ fleet: Fleet) async throws -> [String] {
        let found = try await ProgramOutput.of("grep", arguments + [fleet.log.path])
        #expect(found.status < 2, "\(found.error)")
        return found.text.split(separator: "\n").map(String.init)
    }
}
