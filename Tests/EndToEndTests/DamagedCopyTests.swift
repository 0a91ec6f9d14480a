import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// The only copy is damaged: what there is of it is restored when that is asked for, loudly, and replaces nothing.
@Suite(.timeLimit(.minutes(10))) struct DamagedCopyTests {
    @Test func whatCanBeReadIsRestored() async throws {
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        try await cluster.sql("CREATE DATABASE shop")
        try await cluster.sql(
            """
            CREATE TABLE a_first AS SELECT n FROM generate_series(1, 100) n;
            CREATE TABLE b_cut AS SELECT n, md5(n::text) || md5((n + 7)::text) AS t FROM generate_series(1, 60000) n;
            CREATE TABLE c_last (id integer PRIMARY KEY);
            """, database: "shop")
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.applyLocally(
            policies: #"  all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [local] }"#)
        let database = try await fleet.sqlite(
            "dev.db",
            """
            CREATE TABLE t (b BLOB);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) INSERT INTO t SELECT randomblob(5000) FROM n;
            """)
        let tree = fleet.folder.appending(path: "tree")
        try FileManager.default.createDirectory(at: tree, withIntermediateDirectories: true)
        for number in 1...8 {
            let bytes = (0..<400_000).map { _ in UInt8.random(in: 0...255) }
            try Data(bytes).write(to: tree.appending(path: "file-\(number)"))
        }
        let url = cluster.url(database: "shop")
        let agent = try await fleet.join(
            "db-01",
            """
            databases:
              - { name: shop, url: "\(url)" }
              - { name: custom, url: "\(url)", format: custom }
              - { name: dev, sqlite: \(database.path) }
              - { name: tree, application: { paths: [\(tree.path)] } }
            """)
        defer { agent.kill() }
        try agent.start()
        try await fleet.knows(4)
        let made = try await fleet.backUp(["--type", "all"])
        #expect(made.status == 0, "\(made)")
        let backups = try await fleet.backups()
        #expect(backups.count == 4)
        var ids: [String: String] = [:]
        var files: [String: String] = [:]
        for backup in backups {
            let name = backup.database.rawValue
            ids[name] = backup.id.uuidString
            let folder = backup.kind == .application ? "application-backups" : "database-backups"
            let file = fleet.local.appending(path: "db-01/\(folder)/\(try #require(backup.objects.last).name)")
            files[name] = file.path
            // Some are cut, of others bytes are others.
            var bytes = try Data(contentsOf: file)
            if ["shop", "tree"].contains(name) {
                bytes = bytes.prefix(bytes.count * 3 / 5)
            } else {
                for index in 0..<2000 { bytes[bytes.count * 3 / 5 + index] ^= 0x5a }
            }
            try bytes.write(to: file)
        }
        func id(_ name: String) throws -> String { try #require(ids[name]) }
        func file(_ name: String) throws -> String { try #require(files[name]) }
        func target(_ name: String) -> String { fleet.folder.appending(path: name).path }

        for name in ["shop", "custom"] {
            #expect(try await fleet.run("restore", id(name), "--to", "\(name)_refused").status == 3)
            let there = try await fleet.run("restore", id(name), "--to", "\(name)_there", "--skip-checksum")
            #expect(there.status == 1 && there.text.contains("THE BACKUP IS DAMAGED"), "\(there)")
            #expect(there.text.contains("within the rows of public.b_cut"), "\(there)")
            #expect(there.text.contains("the table public.b_cut has "), "what is missing is named: \(there)")
            let byHand = try await agent.run(["restore", file(name), "--to", "\(name)_by_hand", "--skip-checksum"])
            #expect(byHand.status == 1 && byHand.error.contains("NOT made: THE BACKUP IS DAMAGED"), "\(byHand)")
            for made in ["\(name)_there", "\(name)_by_hand"] {
                #expect(try await cluster.sql("SELECT count(*) FROM a_first", database: made) == "100\n")
                let rows = try await cluster.sql(
                    "SELECT count(*), bool_and(t = md5(n::text) || md5((n + 7)::text)) FROM b_cut", database: made)
                let parts = rows.trimmingCharacters(in: .newlines).split(separator: "|")
                #expect(
                    try #require(Int(parts[0])) > 1000 && #require(Int(parts[0])) < 60000 && parts[1] == "t", "\(rows)")
            }
            let strict = try await agent.run(
                ["restore", file(name), "--to", "\(name)_strict", "--skip-checksum", "--exit-on-error"])
            #expect(strict.status == 3, "\(strict)")
        }
        let replaced = try await agent.run(
            ["restore", file("shop"), "--to", "shop", "--skip-checksum", "--force", "--yes"])
        #expect(replaced.status == 3 && replaced.error.contains("nothing was replaced"), "\(replaced)")
        #expect(try await cluster.sql("SELECT count(*) FROM b_cut", database: "shop") == "60000\n")

        // Told twice, what there is replaces what is there, loudly; that is kept beside, whole.
        let twice = try await agent.run(
            ["restore", file("shop"), "--to", "shop", "--skip-checksum", "--force", "--force", "--yes"])
        #expect(twice.status == 1 && twice.error.contains("NOT made: THE BACKUP IS DAMAGED"), "\(twice)")
        #expect(twice.error.contains("WARNING: checksums are not compared, as asked"), "\(twice)")
        let kept = try #require(twice.error.firstMatch(of: /what was there before is kept as (.+)/)).1
        #expect(try await cluster.sql("SELECT count(*) FROM b_cut", database: String(kept)) == "60000\n")
        let rows = try await cluster.sql("SELECT count(*) FROM b_cut", database: "shop")
        #expect(try #require(Int(rows.dropLast())) < 60000 && rows != "0\n")
        let byCoordinator = try await fleet.run(
            "restore", id("custom"), "--to", "shop", "--skip-checksum", "--force", "--force", "--yes")
        #expect(byCoordinator.status == 1 && byCoordinator.text.contains("THE BACKUP IS DAMAGED"), "\(byCoordinator)")
        #expect(byCoordinator.text.contains("CHECKSUMS WERE NOT CHECKED"), "\(byCoordinator)")
        #expect(byCoordinator.error.contains("MAY REPLACE IT, TOO"), "the plan says so before: \(byCoordinator)")

        #expect(try await fleet.run("restore", id("dev"), "--to", target("refused.db")).status == 3)
        let there = try await fleet.run("restore", id("dev"), "--to", target("there.db"), "--skip-checksum")
        #expect(there.status == 1 && there.text.contains("THE BACKUP IS DAMAGED"), "\(there)")
        let byHand = try await agent.run(["restore", file("dev"), "--to", target("by-hand.db"), "--skip-checksum"])
        #expect(byHand.status == 1 && byHand.error.contains(".recover"), "\(byHand)")
        for name in ["there.db", "by-hand.db"] {
            let read = try await ProgramOutput.of("sqlite3", [target(name), "SELECT length(b) FROM t LIMIT 100"])
            #expect(read.text.split(separator: "\n") == Array(repeating: "5000", count: 100), "\(read)")
        }
        let before = try Data(contentsOf: database)
        let once = try await agent.run(
            ["restore", file("dev"), "--to", database.path, "--skip-checksum", "--force", "--yes"])
        #expect(once.status == 3 && once.error.contains("dev.db_restored_"), "\(once)")
        #expect(try Data(contentsOf: database) == before)
        let forced = try await agent.run(
            ["restore", file("dev"), "--to", database.path, "--skip-checksum", "--force", "--force", "--yes"])
        #expect(forced.status == 1 && forced.error.contains("NOT made: THE BACKUP IS DAMAGED"), "\(forced)")
        let aside = try #require(forced.error.firstMatch(of: /what was there before is kept as (.+)/)).1
        #expect(try Data(contentsOf: URL(filePath: String(aside))) == before)
        #expect(try Data(contentsOf: database) != before)

        #expect(try await fleet.run("restore", id("tree"), "--to", target("refused")).status == 3)
        let over = target("over")
        try FileManager.default.createDirectory(atPath: over, withIntermediateDirectories: true)
        try Data("mine".utf8).write(to: URL(filePath: over + "/mine"))
        let notOver = try await fleet.run("restore", id("tree"), "--to", over, "--skip-checksum", "--force", "--yes")
        #expect(notOver.status == 3 && FileManager.default.fileExists(atPath: over + "/mine"), "\(notOver)")
        let replacing = try await fleet.run(
            "restore", id("tree"), "--to", over, "--skip-checksum", "--force", "--force", "--yes")
        #expect(replacing.status == 1 && replacing.text.contains("THE BACKUP IS DAMAGED"), "\(replacing)")
        #expect(!FileManager.default.fileExists(atPath: over + "/mine"))
        let unpacked = try await fleet.run("restore", id("tree"), "--to", target("there"), "--skip-checksum")
        #expect(unpacked.status == 1 && unpacked.text.contains("THE BACKUP IS DAMAGED"), "\(unpacked)")
        let folder = try await agent.run(["restore", file("tree"), "--to", target("by-hand"), "--skip-checksum"])
        #expect(folder.status == 1, "\(folder)")
        for name in ["there", "by-hand"] {
            let got = target(name) + tree.path
            let names = try FileManager.default.contentsOfDirectory(atPath: got)
            // The last one is cut.
            let whole = try names.count {
                try Data(contentsOf: URL(filePath: got + "/" + $0)) == Data(contentsOf: tree.appending(path: $0))
            }
            #expect(whole >= 2 && whole < 8 && names.count <= whole + 1, "\(names)")
        }
    }
}
