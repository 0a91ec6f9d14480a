import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// The commands by hand, on SQLite, application files and hostile names.
@Suite(.timeLimit(.minutes(10))) struct ByHandTests {
    @Test func applicationFilesComeBackTheSame() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.applyByHandOnly()
        let tree = fleet.folder.appending(path: "tree")
        let made = try await ProgramOutput.of(
            "sh",
            [
                "-c",
                #"""
                set -e; mkdir -p "$1/empty" "$1/deep/er"; cd "$1"
                echo one > plain; ln plain hard; ln -s plain soft; ln -s /nonexistent dangling
                printf x > "$(printf 'new\nline')"; printf x > '-dash'; printf x > "qu'ote\"s"; printf x > "$(printf '\377bytes')"
                chmod 0400 plain; chmod 0711 deep; chmod 1777 deep/er; mkfifo pipe
                """#, "sh", tree.path,
            ])
        #expect(made.status == 0, "\(made.error)")
        let agent = try await fleet.join(
            "app-01", "databases:\n  - { name: settings, application: { paths: [\(tree.path)] } }\n")
        defer { agent.kill() }
        try agent.start()
        try await fleet.backup("--type", "application")
        let backup = try #require(try await fleet.list([BackupView].self, "backup", "list").first)
        #expect(backup.kind == .application)
        let target = fleet.folder.appending(path: "back")
        try await fleet.holdfast("restore", backup.id.uuidString, "--to", target.path)
        let restored = target.appending(path: String(tree.path.dropFirst()))
        let difference = try await ProgramOutput.of(
            "diff", ["-r", "--no-dereference", "--exclude=pipe", tree.path, restored.path])
        #expect(difference.status == 0, "\(difference.text)\(difference.error)")
        let listing = #"cd "$1" && find . -printf '%P %y %m %n %l\n' | sort"#
        let before = try await ProgramOutput.of("sh", ["-c", listing, "sh", tree.path])
        let after = try await ProgramOutput.of("sh", ["-c", listing, "sh", restored.path])
        #expect(before.text == after.text)
    }

    @Test func hostileDatabaseNamesAreBackedUpAndRestoredUnderThatName() async throws {
        let names = [
            "a b", "a'b", "a\"b", "$(id)", ";rm -rf x", "../x", "dbname=x host=evil", "-x",
            String(repeating: "é", count: 31) + "x",
        ]
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        let s3 = try S3Server()
        defer { s3.stop() }
        let fleet = try await Fleet(environment: s3.credentials("coordinator"))
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) }, offsite: \(s3.destination) }
            policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [local, offsite] } }
            """)
        var yaml = "databases:\n"
        for name in names {
            try await cluster.sql("CREATE DATABASE \(quoted(name))")
            try await cluster.sql("CREATE TABLE t AS SELECT '\(content(name))'::text AS x", database: name)
            let json = String(decoding: try JSONEncoder().encode(name), as: UTF8.self).replacing("\\/", with: "/")
            yaml += "  - { name: \(json), url: \"\(cluster.url(database: name))\" }\n"
        }
        let agent = try await fleet.join("db-01", yaml, environment: s3.credentials("agent"))
        defer { agent.kill() }
        try agent.start()
        try await fleet.backup("--type", "database")
        let backups = try await fleet.list([BackupView].self, "backup", "list")
        #expect(Set(backups.map(\.database.rawValue)) == Set(names))
        #expect(backups.allSatisfy { $0.state == .good && $0.destinations.sorted() == ["local", "offsite"] })
        for backup in backups {
            let name = backup.database.rawValue
            try await cluster.sql("DROP DATABASE \(quoted(name)) WITH (FORCE)")
            try await fleet.holdfast("restore", backup.id.uuidString, "--to=\(name)")
            #expect(try await cluster.sql("SELECT x FROM t", database: name) == content(name) + "\n")
        }
        // Nothing but these names came of it, and nothing lies outside the agent's own folder.
        let there = try await cluster.sql("SELECT datname FROM pg_database WHERE NOT datistemplate")
        #expect(Set(there.split(separator: "\n").map(String.init)) == Set(names + ["postgres"]))
        let files = try RegularFiles.below(fleet.local)
        #expect(files.filter { $0.hasSuffix(".json") }.count == names.count)
        #expect(files.allSatisfy { $0.hasPrefix("db-01/database-backups/") })
        let keys = try await s3.keys()
        #expect(keys.filter { $0.hasSuffix(".json") }.count == names.count)
        #expect(keys.allSatisfy { $0.hasPrefix("db-01/database-backups/") && $0.split(separator: "/").count == 3 })
        #expect(keys == files)
    }

    private func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

    /// What only the database of that name holds.
    private func content(_ name: String) -> String { "this is \(name.utf8.map(String.init).joined(separator: " "))" }

    @Test func everyListingSpeaksTheDocumentedJSON() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.applyByHandOnly()
        let database = fleet.folder.appending(path: "dev.db")
        _ = try await ProgramOutput.of("sqlite3", [database.path, "CREATE TABLE t (x); INSERT INTO t VALUES (1)"])
        let agent = try await fleet.join("db-01", "databases:\n  - { name: devdb, sqlite: \(database.path) }\n")
        defer { agent.kill() }
        try agent.start()
        try await fleet.backup()
        let backup = try await fleet.object("backup", "list")
        for key in [
            "id", "agent", "database", "kind", "tiers", "state", "proof", "startedAt", "finishedAt", "nominalAt",
            "plainBytes", "storedBytes", "destinations", "pinned", "objects",
        ] { #expect(backup.keys.contains(key), "backup list: \(key)") }
        let listed = try await fleet.object("agent", "list")
        for key in ["id", "name", "state", "lastSeenAt", "version", "labels"] {
            #expect(listed.keys.contains(key), "agent list: \(key)")
        }
        let status = try await fleet.object("status")
        for key in ["coordinator", "agents", "databases", "incidents", "totals"] {
            #expect(status.keys.contains(key), "status: \(key)")
        }
        let databases = try #require(status["databases"] as? [[String: Any]])
        for key in [
            "name", "agent", "kind", "state", "lastGoodAt", "lastGoodBackup", "nextAt", "rpoSeconds", "rpoMet", "proof",
        ] { #expect(databases.first?.keys.contains(key) == true, "status.databases: \(key)") }
        #expect(try await fleet.holdfast("status").contains("devdb"))
        #expect(try await fleet.run("check").status == 0)
        let verified = try await fleet.run("backup", "verify", "--all")
        #expect(verified.status == 0, "\(verified.error)")
        #expect(try await fleet.object("backup", "list")["proof"] as? Int == 2)
    }

    @Test func aChangedObjectFailsVerificationAndRestore() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.applyByHandOnly()
        let database = fleet.folder.appending(path: "dev.db")
        _ = try await ProgramOutput.of("sqlite3", [database.path, "CREATE TABLE t (x); INSERT INTO t VALUES (1)"])
        let agent = try await fleet.join("db-01", "databases:\n  - { name: devdb, sqlite: \(database.path) }\n")
        defer { agent.kill() }
        try agent.start()
        try await fleet.backup()
        let backup = try #require(try await fleet.list([BackupView].self, "backup", "list").first)
        let object = try #require(backup.objects.first)
        let file = agent.backups.appending(path: "db-01/database-backups/\(object.name)")
        var bytes = try Data(contentsOf: file)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: file)
        let target = fleet.folder.appending(path: "back.db")
        let restore = try await fleet.run("restore", backup.id.uuidString, "--to", target.path)
        #expect(restore.status == 3, "\(restore.error)")
        #expect(!FileManager.default.fileExists(atPath: target.path))
        #expect(try await fleet.run("backup", "verify", backup.id.uuidString).status == 3)
        #expect(try await fleet.list([BackupView].self, "backup", "list").first?.state == .damaged)
    }

    @Test func whatExistsIsReplacedOnlyWhenThatIsConfirmed() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.applyByHandOnly()
        let database = fleet.folder.appending(path: "dev.db")
        let targets = ["first", "second", "third"].map { fleet.folder.appending(path: "\($0).db").path }
        for (path, value) in [(database.path, "new")] + targets.map({ ($0, "old") }) {
            let made = try await ProgramOutput.of(
                "sqlite3", [path, "CREATE TABLE t (x); INSERT INTO t VALUES ('\(value)')"])
            #expect(made.status == 0, "\(made.error)")
        }
        let agent = try await fleet.join("db-01", "databases:\n  - { name: devdb, sqlite: \(database.path) }\n")
        defer { agent.kill() }
        try agent.start()
        try await fleet.backup()
        let backup = try #require(try await fleet.list([BackupView].self, "backup", "list").first)
        let manifest = agent.backups.appending(path: "db-01/database-backups")
            .appending(path: try #require(backup.objects.first).name.replacing(/\.db.*$/, with: ".json"))
        func contents() async throws -> [String] {
            var all: [String] = []
            for path in targets { all.append(try await ProgramOutput.of("sqlite3", [path, "SELECT x FROM t"]).text) }
            return all
        }
        func central(_ target: Int) -> [String] { ["restore", backup.id.uuidString, "--to", targets[target]] }
        func local(_ target: Int) -> [String] { ["restore", manifest.path, "--to", targets[target]] }

        #expect(try await fleet.run(central(0), input: "").status == 4)
        #expect(try await agent.run(local(0)).status == 4)
        for unasked in [
            try await fleet.run(central(0) + ["--force"], input: ""), try await agent.run(local(0) + ["--force"]),
        ] {
            #expect(unasked.status == 2 && unasked.error.contains("--yes"), "\(unasked.error)")
        }
        let refused = try await fleet.atTerminal(central(0) + ["--force"], typing: "yes\n")
        #expect(refused.status == 130 && refused.text.contains("nothing was restored"), "\(refused.text)")
        #expect(try await contents() == ["old\n", "old\n", "old\n"])

        let typed = try await fleet.atTerminal(central(0) + ["--force"], typing: targets[0] + "\n")
        #expect(typed.status == 0, "\(typed.text)")
        for confirmed in [
            try await fleet.run(central(1) + ["--force", "--yes"], input: ""),
            try await agent.run(local(2) + ["--force", "--yes"]),
        ] {
            #expect(confirmed.status == 0, "\(confirmed.error)")
        }
        #expect(try await contents() == ["new\n", "new\n", "new\n"])
        let kept = try FileManager.default.contentsOfDirectory(atPath: fleet.folder.path).filter {
            $0.contains(".db_before_")
        }
        #expect(kept.count == 3, "what was replaced is kept: \(kept)")
    }
}

extension Fleet {
    /// Nothing is backed up by schedule: such a run could come in between. The destination is the one that holds when none
    /// is declared, each host's own directory.
    func applyByHandOnly() async throws {
        try await apply(
            #"policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", include: [application] } } } }"#)
    }

    /// `backup create --wait`, once the coordinator knows the host's databases.
    func backup(_ arguments: String...) async throws {
        try await eventually("databases are known") {
            try await list([DatabaseView].self, "database", "list").isEmpty ? nil : true
        }
        let output = try await backUp(arguments)
        guard output.status == 0 else { throw ServerFailure("backup create: \(output.text)\(output.error)") }
    }

    /// The first object of a listing, or the listing when it is one.
    func object(_ arguments: String...) async throws -> [String: Any] {
        let output = try await run(arguments + ["-o", "json"], input: "")
        let value = try JSONSerialization.jsonObject(with: Data(output.text.utf8))
        return try ((value as? [[String: Any]])?.first ?? value as? [String: Any]).required()
    }
}

extension Optional {
    func required() throws -> Wrapped {
        guard let self else { throw ServerFailure("there is no value") }
        return self
    }
}
