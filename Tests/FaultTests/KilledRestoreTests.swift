import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A restore that dies anywhere leaves nothing after the next start of the agent but what was whole or kept beside, and what is not its
/// own is never touched.
@Suite(.timeLimit(.minutes(10))) struct KilledRestoreTests {
    /// A host with a PostgreSQL database of an unpleasant name, one backup of it, and a file and a folder.
    struct Host {
        static let name = "it's \"X\"\n" + String(repeating: "é", count: 27)
        let cluster: PostgresCluster
        let fleet: Fleet
        let agent: FleetAgent
        let file, tree: URL
        /// By the kind of database.
        let backups: [DatabaseKind: String]

        init() async throws {
            cluster = try PostgresCluster()
            let quoted = Self.name.replacing("\"", with: "\"\"")
            try await cluster.sql("CREATE DATABASE \"\(quoted)\"")
            try await cluster.sql("CREATE TABLE t AS SELECT n FROM generate_series(1, 100) n", database: Self.name)
            fleet = try await Fleet()
            try await fleet.applyLocally(
                policies: #"  all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [local] }"#)
            file = try await fleet.sqlite("dev.db", "CREATE TABLE t (n); INSERT INTO t VALUES (1)")
            tree = fleet.folder.appending(path: "tree")
            try FileManager.default.createDirectory(at: tree, withIntermediateDirectories: true)
            try Data("a".utf8).write(to: tree.appending(path: "f"))
            let text = String(decoding: try JSON.encoder().encode(Self.name), as: UTF8.self)
            agent = try await fleet.join(
                "db-01",
                """
                databases:
                  - { name: \(text), url: "\(cluster.url(database: Self.name))" }
                  - { name: dev, sqlite: \(file.path) }
                  - { name: tree, application: { paths: [\(tree.path)] } }
                """)
            try agent.start()
            try await fleet.knows(3)
            let made = try await fleet.backUp(["--type", "all"])
            guard made.status == 0 else { throw ServerFailure("\(made)") }
            var backups: [DatabaseKind: String] = [:]
            for backup in try await fleet.backups() {
                let folder = backup.kind == .application ? "application-backups" : "database-backups"
                let object = backup.objects.last?.name ?? ""
                backups[backup.kind] = fleet.local.appending(path: "db-01/\(folder)/\(object)").path
            }
            self.backups = backups
            agent.kill()
        }

        func stop() {
            agent.kill()
            fleet.stop()
            cluster.stop()
        }

        func databases() async throws -> Set<String> {
            let names = try await cluster.sql("SELECT to_json(datname) FROM pg_database")
            return Set(
                try names.split(separator: "\n").map { try JSON.decoder().decode(String.self, from: Data($0.utf8)) })
        }

        func roles() async throws -> String {
            try await cluster.sql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'holdfast%'")
        }

        /// Dies at that step; what the log of the next start says.
        func restoreAndDie(_ arguments: [String], at point: String) async throws {
            let died = try await agent.run(["restore"] + arguments, ["HOLDFAST_FAULT": point])
            #expect(died.status == 128 + SIGKILL, "\(point): \(died)")
        }

        /// Starts the agent, and waits until it has looked at what restores left.
        func startAgain() async throws {
            agent.kill()
            let records = agent.data.appending(path: "restores").path
            try agent.start()
            do {
                try await eventually("nothing but what is kept is in the journal") {
                    let names = (try? FileManager.default.contentsOfDirectory(atPath: records)) ?? []
                    return names.contains { $0.hasSuffix(".json") } ? nil : true
                }
            } catch {
                let log = try String(contentsOf: agent.log, encoding: .utf8)
                throw ServerFailure("\(error): \(log.suffix(3000))")
            }
            agent.kill()
        }
    }

    @Test func whatDiedIsDroppedAtTheNextStartWhateverStepItDiedAt() async throws {
        let host = try await Host()
        defer { host.stop() }
        let before = try await host.databases()
        let backup = try #require(host.backups[.postgres])
        // 1 the role, 2 the database is about to be made, 3 it is made.
        for point in ["before-1", "after-1", "before-2", "after-2", "before-3", "after-3"] {
            try await host.restoreAndDie([backup, "--to", "new"], at: "restore-\(point)")
            try await host.startAgain()
            #expect(try await host.databases() == before, "\(point)")
            #expect(try await host.roles() == "0\n", "\(point)")
        }
        let log = try String(contentsOf: host.agent.log, encoding: .utf8)
        #expect(log.contains("dropped what a restore that died left"), "\(log)")
        #expect(log.contains("a restore by hand of"), "\(log)")

        // A file and a folder: 1 it is about to be made, 2 it is made, 3 it is whole.
        for (kind, target) in [(DatabaseKind.sqlite, "new.db"), (.application, "new")] {
            let there = Set(try FileManager.default.contentsOfDirectory(atPath: host.fleet.folder.path))
            for point in ["after-1", "before-2", "after-2", "before-3"] {
                let to = host.fleet.folder.appending(path: target).path
                try await host.restoreAndDie([try #require(host.backups[kind]), "--to", to], at: "restore-\(point)")
                try await host.startAgain()
                let now = Set(try FileManager.default.contentsOfDirectory(atPath: host.fleet.folder.path))
                #expect(now == there, "\(kind) \(point)")
            }
        }
    }

    @Test func whatWasReplacedIsListedAndRemovedOnCommand() async throws {
        let host = try await Host()
        defer { host.stop() }
        let before = try await host.databases()
        let postgres = try #require(host.backups[.postgres])
        let list = ["restored", "list", "-o", "json"]
        #expect(try await host.agent.run(list).text.filter { !$0.isWhitespace } == "[]")
        #expect(try await host.agent.run(["restore", postgres, "--to", Host.name, "--force", "--yes"]).status == 0)
        let sqlite = ["restore", try #require(host.backups[.sqlite]), "--to", host.file.path, "--force", "--yes"]
        #expect(try await host.agent.run(sqlite).status == 0)
        let folder = ["restore", try #require(host.backups[.application]), "--to", host.tree.path, "--force", "--yes"]
        let unpacked = try await host.agent.run(folder)
        #expect(unpacked.status == 0, "\(unpacked)")

        struct Kept: Decodable {
            let restore, kind, what, name, database: String
            let bytes: Int64?
        }
        func kept() async throws -> [Kept] {
            try JSON.decoder().decode(
                [Kept].self, from: Data(try await host.agent.command("restored", "list", "-o", "json").utf8))
        }
        let all = try await kept()
        #expect(Set(all.map(\.what)) == ["database", "file", "folder"] && all.allSatisfy { $0.kind == "replaced" })
        #expect(all.allSatisfy { $0.name.contains("_before_") && ($0.bytes ?? 0) > 0 })
        let database = try #require(all.first { $0.what == "database" })
        #expect(try await host.databases() == before.union([database.name]))
        let text = try await host.agent.run(["restored", "list"])
        #expect(text.status == 0 && text.text.contains("replaced  the database"), "\(text)")

        // What nobody set aside is not removed, whatever it is called; nor is anything without a word.
        try await host.cluster.sql("CREATE DATABASE other_before_20260115_020000")
        let other = try await host.agent.run(["restored", "discard", "other_before_20260115_020000", "--force"])
        #expect(other.status == 5, "\(other)")
        #expect(try await host.agent.run(["restored", "discard", Host.name, "--force"]).status == 5)
        #expect(try await host.agent.run(["restored", "discard", database.restore]).status == 2)
        let dry = try await host.agent.run(["restored", "discard", database.restore, "--dry-run"])
        #expect(dry.status == 0 && dry.text.contains("would remove the database"), "\(dry)")
        #expect(try await kept().count == 3)
        for item in all {
            let name = item.what == "file" ? item.name : item.restore
            let removed = try await host.agent.run(["restored", "discard", name, "--force"])
            #expect(removed.status == 0 && removed.text.hasPrefix("removed the \(item.what)"), "\(removed)")
        }
        #expect(try await kept().isEmpty)
        #expect(try await host.databases() == before.union(["other_before_20260115_020000"]))
        #expect(try await host.cluster.sql("SELECT count(*) FROM t", database: Host.name) == "100\n")
        let files = try FileManager.default.contentsOfDirectory(atPath: host.fleet.folder.path)
        #expect(!files.contains { $0.contains("_before_") } && files.contains("dev.db") && files.contains("tree"))

        // Killed when it had replaced and before it could say so; given its name again by hand: then nothing is kept.
        try await host.restoreAndDie([postgres, "--to", Host.name, "--force", "--yes"], at: "restored")
        let again = try #require(try await kept().first)
        #expect(again.kind == "replaced" && again.what == "database")
        func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }
        try await host.cluster.sql(
            "DROP DATABASE \(quoted(Host.name)); ALTER DATABASE \(quoted(again.name)) RENAME TO \(quoted(Host.name))")
        #expect(try await kept().isEmpty)
    }

    @Test func anAgentThatDiesInARestoreOfTheCoordinatorsDropsWhatItLeft() async throws {
        let host = try await Host()
        defer { host.stop() }
        let before = try await host.databases()
        let backup = try #require(try await host.fleet.backups().first { $0.kind == .postgres }).id.uuidString
        try host.agent.start(["HOLDFAST_FAULT": "restore-after-3"])
        try await host.fleet.isOnline("db-01")
        async let asked = host.fleet.run("restore", backup, "--to", Host.name, "--force", "--yes")
        #expect(host.agent.wait(milliseconds: 60_000) == 128 + SIGKILL)
        #expect(try await host.databases().count == before.count + 1)
        try host.agent.start()
        let ended = try await asked
        #expect(ended.status != 0 && ended.error.contains("what it left is dropped at this start"), "\(ended)")
        try await eventually("it is dropped") { try await host.databases() == before ? true : nil }
        #expect(try await host.cluster.sql("SELECT count(*) FROM t", database: Host.name) == "100\n")
    }

    @Test func whatWasLoadedIsKeptAndTold() async throws {
        let host = try await Host()
        defer { host.stop() }
        let before = try await host.databases()
        let backup = try #require(host.backups[.postgres])
        try await host.restoreAndDie([backup, "--to", "new"], at: "restore-after-4")
        let told = try await host.agent.run(["doctor"])
        #expect(told.text.contains("had loaded") && told.text.contains("did not give it its name"), "\(told)")
        let listed = try await host.agent.run(["restored", "list"])
        #expect(listed.text.contains("  loaded  the database"), "\(listed)")
        let name = try #require(try await host.databases().subtracting(before).first)
        #expect(try await host.cluster.sql("SELECT count(*) FROM t", database: name) == "100\n")
        #expect(try await host.agent.run(["restored", "discard", name, "--force"]).status == 0)
        #expect(try await host.databases() == before)
        #expect(try await host.roles() == "0\n")
    }

    @Test func whatIsNotOursOrWasTakenOverStays() async throws {
        let host = try await Host()
        defer { host.stop() }
        let backup = try #require(host.backups[.postgres])
        let before = try await host.databases()
        func left() async throws -> String {
            let names = try await host.databases().subtracting(before)
            return try #require(names.first { $0.contains("_restoring_") })
        }
        func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

        // Dropped by the user, who gave its name to a database of his own.
        try await host.restoreAndDie([backup, "--to", "new"], at: "restore-after-3")
        let name = try await left()
        try await host.cluster.sql("DROP DATABASE \(quoted(name)); CREATE DATABASE \(quoted(name))")
        try await host.startAgain()
        #expect(try await host.databases().contains(name))
        // Before its oid is known, only the limit that it was made with says whose it is.
        try await host.cluster.sql("DROP DATABASE \(quoted(name))")
        try await host.restoreAndDie([backup, "--to", "new"], at: "restore-after-2")
        let journal = host.agent.data.appending(path: "restores")
        let record = try #require(
            try FileManager.default.contentsOfDirectory(atPath: journal.path).first { $0.hasSuffix(".json") })
        let text = try String(contentsOf: journal.appending(path: record), encoding: .utf8)
        let wanted = try #require(text.firstMatch(of: /_restoring_[0-9]{8}_[0-9]{6}/)).0
        let own = String(name.prefix { $0 != "_" }) + wanted
        try await host.cluster.sql("CREATE DATABASE \(quoted(own))")
        try await host.startAgain()
        #expect(try await host.databases().contains(own))
        try await host.cluster.sql("DROP DATABASE \(quoted(own))")

        // Renamed: it is his.
        try await host.restoreAndDie([backup, "--to", "new"], at: "restore-after-3")
        try await host.cluster.sql("ALTER DATABASE \(quoted(try await left())) RENAME TO mine")
        let kept = try await host.agent.run(["doctor"])
        #expect(kept.text.contains("owner of database mine"), "its role goes when nothing is its own: \(kept)")
        #expect(try await host.databases().contains("mine"))
        try await host.cluster.sql("DROP DATABASE mine")
        try await host.startAgain()
        #expect(try await host.roles() == "0\n")

        // Opened to everybody, or somebody is in it: it stays, and doctor says why.
        try await host.restoreAndDie([backup, "--to", "new"], at: "restore-after-3")
        let opened = try await left()
        try await host.cluster.sql("ALTER DATABASE \(quoted(opened)) ALLOW_CONNECTIONS true")
        let told = try await host.agent.run(["doctor"])
        #expect(told.text.contains("everybody may connect to it"), "\(told)")
        try await host.cluster.sql("REVOKE CONNECT ON DATABASE \(quoted(opened)) FROM PUBLIC")
        async let session = host.cluster.sql("SELECT pg_sleep(600)", database: opened)
        try await eventually("somebody is in it") {
            try await host.cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%'")
                == "1\n"
                ? true : nil
        }
        let busy = try await host.agent.run(["doctor"])
        #expect(busy.text.contains("it is in use by pid"), "\(busy)")
        #expect(try await host.databases().contains(opened))
        try await host.cluster.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%'")
        _ = try? await session
        let gone = try await host.agent.run(["doctor"])
        #expect(gone.text.contains("dropped what a restore by hand of"), "\(gone)")
        #expect(try await host.databases() == before)
    }
}
