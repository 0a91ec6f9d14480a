import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// The main job with the built programs: a host joins, its database is backed up by schedule to a directory and to S3,
/// and comes back in three ways.
@Suite(.timeLimit(.minutes(10))) struct ScheduledBackupTests {
    @Test func aScheduledBackupComesBackInThreeWays() async throws {
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        let s3 = try S3Server()
        defer { s3.stop() }
        try await cluster.sql("CREATE DATABASE shop")
        try await cluster.sql(SampleDatabase.sql, database: "shop")
        let fleet = try await Fleet(environment: s3.credentials("coordinator"))
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations:
              local: { directory: \(fleet.local.path) }
              offsite: \(s3.destination)
            policies:
              all:
                tiers:
                  hourly: { schedule: "* * * * *", keep: 48h }
                  daily: { schedule: "@daily", keep: 30d }
                destinations: [local, offsite]
            """)
        let url = cluster.url(database: "shop")
        let agent = try await fleet.join(
            "db-01", "databases:\n  - { name: shop, url: \"\(url)\" }\n", environment: s3.credentials("agent"))
        defer { agent.kill() }
        try agent.start()

        let backup = try await eventually("a scheduled backup", within: .seconds(150)) {
            try await fleet.list([BackupView].self, "backup", "list").first
        }
        #expect(backup.state == .good)
        #expect(backup.tiers.contains(.hourly))
        #expect(backup.destinations.sorted() == ["local", "offsite"])
        let keys = try await s3.keys()
        #expect(keys.count >= 3)
        #expect(keys.allSatisfy { $0.hasPrefix("db-01/database-backups/shop_db_") })
        #expect(try await s3.uploads() == 0)
        let source = try await cluster.dump("shop")

        // By the coordinator's command.
        try await fleet.holdfast("restore", backup.id.uuidString, "--to", "one")
        #expect(try await cluster.dump("one") == source)

        // Without a coordinator.
        fleet.killCoordinator()
        agent.kill()
        let object = try #require(backup.objects.first { !$0.name.contains(/_(globals|database)\./) })
        let file = fleet.local.appending(path: "db-01/database-backups/\(object.name)")
        try await agent.command("restore", file.path, "--to", "two")
        #expect(try await cluster.dump("two") == source)

        try FileManager.default.createDirectory(
            at: fleet.folder.appending(path: "stock"), withIntermediateDirectories: true)
        // With stock tools alone: the manifest's own commands, in a folder of what lies in the bucket.
        try await cluster.sql("DROP DATABASE shop")
        let stock = try await ProgramOutput.of(
            "bash",
            [
                "-ec",
                """
                aws --endpoint-url \(s3.endpoint) --ca-bundle \(s3.ca) s3 cp --recursive \
                s3://\(s3.bucket)/db-01/database-backups/ .
                python3 -c 'import json, sys; [print(line) for line in json.load(open(sys.argv[1]))["restore"]]' \
                \(object.name.replacing(".sql.gz", with: ".json")) >restore.sh
                bash -e restore.sh
                """,
            ],
            environment: s3.credentials("admin").merging([
                "PGHOST": cluster.folder, "PGPORT": "\(cluster.port)", "PGUSER": "postgres",
            ]) { $1 }, folder: fleet.folder.appending(path: "stock", directoryHint: .isDirectory))
        #expect(stock.status == 0, "\(stock.error)")
        #expect(try await cluster.dump("shop") == source)
    }

    /// Three policies fall due in the same minute on the same database: each has its turn.
    @Test func aSchedulePassesWithTheCoordinatorAwayAndIsToldLater() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) } }
            policies:
              first: { tiers: { hourly: { schedule: "* * * * *", keep: 48h } }, destinations: [local] }
              second: { tiers: { hourly: { schedule: "* * * * *", keep: 24h } }, destinations: [local] }
              third: { tiers: { daily: { schedule: "* * * * *", keep: 7d } }, destinations: [local] }
            """)
        let database = fleet.folder.appending(path: "a.db")
        _ = try await ProgramOutput.of("sqlite3", [database.path, "CREATE TABLE t (x); INSERT INTO t VALUES (1)"])
        let agent = try await fleet.join("db-01", "databases:\n  - { name: a, sqlite: \(database.path) }\n")
        defer { agent.kill() }
        try agent.start()
        try await eventually("the plan") {
            FileManager.default.fileExists(atPath: agent.data.appending(path: "plan.json").path) ? true : nil
        }
        fleet.killCoordinator()
        let folder = fleet.local.appending(path: "db-01/database-backups")
        try await eventually("a backup without the coordinator", within: .seconds(130)) {
            try FileManager.default.contentsOfDirectory(atPath: folder.path).contains { $0.hasSuffix(".json") }
                ? true : nil
        }
        #expect(agent.pid != nil)
        try await fleet.start()
        try await eventually("the reports after the coordinator is back", within: .seconds(100)) {
            let backups = try await fleet.list([BackupView].self, "backup", "list")
            return Set(backups.filter { $0.state == .good }.map(\.policy)).count == 3 ? true : nil
        }
        let missed = try await fleet.catalog("SELECT state FROM run WHERE state NOT IN ('succeeded', 'running')")
        #expect(missed.isEmpty, "\(missed)")
    }
}
