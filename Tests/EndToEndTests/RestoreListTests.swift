import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// What restores replaced and keep on the hosts, seen and removed at the coordinator.
@Suite(.timeLimit(.minutes(5))) struct RestoreListTests {
    @Test func whatWasReplacedIsListedAndRemovedWhereTheHostPermitsIt() async throws {
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        try await cluster.sql("CREATE DATABASE shop")
        try await cluster.sql("CREATE TABLE t AS SELECT n FROM generate_series(1, 10) n", database: "shop")
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.applyLocally(
            policies: #"  all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [local] }"#)
        let file = try await fleet.sqlite("dev.db", "CREATE TABLE t (n); INSERT INTO t VALUES (1)")
        let places = FileManager.default.temporaryDirectory.path
        let allow = "allow: { directories: [data, \(places)], endpoints: any, restoreTo: [declared, \(places)]"
        let first = try await fleet.join(
            "db-01",
            "databases:\n  - { name: shop, url: \"\(cluster.url(database: "shop"))\" }\n\(allow), discard: true }\n")
        let second = try await fleet.join(
            "db-02", "databases:\n  - { name: dev, sqlite: \(file.path) }\n\(allow) }\n")
        defer {
            first.kill()
            second.kill()
        }
        try first.start()
        try second.start()
        try await fleet.knows(2)
        #expect(try await fleet.backUp(["--type", "all"]).status == 0)
        let backups = try await fleet.backups()
        func id(_ name: String) throws -> String {
            try #require(backups.first { $0.database.rawValue == name }).id.uuidString
        }
        #expect(backups.allSatisfy { ($0.tookSeconds ?? -1) >= 0 })
        func remains() async throws -> [Remain] { try await fleet.list([Remain].self, "restore", "list") }
        #expect(try await remains().isEmpty)

        let replaced = try await fleet.run("restore", id("shop"), "--to", "shop", "--force", "--yes")
        #expect(replaced.status == 0 && replaced.text.contains("(took 0:"), "\(replaced)")
        let other = try await fleet.run("restore", id("dev"), "--to", file.path, "--force", "--yes", "-o", "json")
        #expect(other.status == 0, "\(other)")
        let operation = try JSON.decoder().decode(OperationView.self, from: Data(other.text.utf8))
        #expect((operation.tookSeconds ?? 0) > 0)
        let verified = try await fleet.run("backup", "verify", id("shop"))
        #expect(verified.status == 0 && verified.text.contains("TOOK"), "\(verified)")
        let all = try await eventually("both hosts told what they keep") {
            let all = try await remains()
            return all.count == 2 ? all : nil
        }
        let database = try #require(all.first { $0.what == "database" })
        #expect(database.agent == "db-01" && database.kind == "replaced" && (database.bytes ?? 0) > 0)
        let shop = try id("shop").lowercased()
        #expect(database.name.hasPrefix("shop_before_") && database.by.contains(shop))
        let kept = try #require(all.first { $0.what == "file" })
        let listed = try await fleet.run("restore", "list", "--agent", "db-01")
        #expect(
            listed.status == 0 && listed.text.contains(database.name) && !listed.text.contains("db-02"), "\(listed)")

        #expect(try await fleet.run("restore", "discard", "shop", "--force").status == 5)
        #expect(try await fleet.run("restore", "discard", database.name).status == 2)
        let dry = try await fleet.run("restore", "discard", database.name, "--dry-run")
        #expect(dry.status == 0 && dry.text.contains(database.name), "\(dry)")
        let refused = try await fleet.run("restore", "discard", kept.name, "--force")
        #expect(refused.status == 7 && refused.error.contains("allow.discard"), "\(refused)")
        #expect(FileManager.default.fileExists(atPath: kept.name))
        async let session = cluster.sql("SELECT pg_sleep(600)", database: database.name)
        let sleeping = "FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%'"
        try await eventually("somebody is in it") {
            try await cluster.sql("SELECT count(*) \(sleeping)") == "1\n" ? true : nil
        }
        let busy = try await fleet.run("restore", "discard", database.name, "--force")
        #expect(busy.status == 13 && busy.error.contains("in use by pid"), "\(busy)")
        try await cluster.sql("SELECT pg_terminate_backend(pid) \(sleeping)")
        _ = try? await session
        let removed = try await fleet.run(
            "restore", "discard", String(database.restore.uuidString.lowercased().prefix(8)), "--force")
        #expect(removed.status == 0 && removed.text.contains("removed the database"), "\(removed)")
        #expect(try await cluster.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'shop%'") == "1\n")
        try await eventually("it is listed no more") { try await remains().count == 1 ? true : nil }
        let audit = try await fleet.catalog(
            "SELECT action || ' ' || subject FROM audit WHERE action LIKE 'restore discard%' ORDER BY id")
        #expect(
            audit.contains("restore discard \(database.name)") && audit.contains("restore discarded \(database.name)"),
            "\(audit)")
        #expect(audit.contains("restore discard failed \(kept.name)"), "\(audit)")
    }
}
