import Foundation
import TestSupport
import Testing
import Wire

/// `holdfast-agent doctor` with a coordinator, by built programs: it looks at what a backup and a restore will meet.
@Suite(.timeLimit(.minutes(5))) struct ExaminedHostTests {
    private static func service(_ name: String, _ cluster: PostgresCluster, in folder: URL) throws -> [String: String] {
        let (service, passwords) = (folder.appending(path: "services"), folder.appending(path: "passwords"))
        try "[\(name)]\nhost=127.0.0.1\nport=\(cluster.port)\nuser=postgres\n".write(
            to: service, atomically: true, encoding: .utf8)
        try "127.0.0.1:*:*:*:\(cluster.password)\n".write(to: passwords, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: passwords.path)
        return ["PGSERVICEFILE": service.path, "PGPASSFILE": passwords.path, "PGSSLMODE": "verify-ca"]
    }

    @Test func aHostThatHasNotRunYetIsExaminedByTheCoordinatorsWord() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations:
              vault: { directory: \(fleet.local.path) }
            policies:
              main:
                selector: { tier: prod }
                destinations: [vault]
                tiers: { daily: { schedule: "0 2 * * *", keep: 3d } }
            """)
        func yaml(_ label: String) -> String {
            "databases:\n  - { name: dev, sqlite: \(fleet.folder.path)/dev.db, labels: { tier: \(label) } }\n"
        }
        _ = try await ProgramOutput.of("sqlite3", [fleet.folder.path + "/dev.db", "CREATE TABLE t AS SELECT 1 AS a"])
        let agent = try await fleet.join("db-01", yaml("prod"))
        try Data("no folder".utf8).write(to: fleet.local)
        let doctor = try await agent.run(["doctor"])
        #expect(doctor.text.contains("ok   plan: 1 schedule by the coordinator's fleet.yaml; it comes here with"))
        #expect(doctor.text.contains("BAD  destination vault:"), "\(doctor.text)")
        #expect(doctor.status == 1)
        try FileManager.default.removeItem(at: fleet.local)
        let healthy = try await agent.run(["doctor"])
        #expect(healthy.text.contains("ok   destination vault: writable") && healthy.status == 0, "\(healthy.text)")
        // No process speaks for the agent by it.
        let agents = try await fleet.run("agent", "list")
        #expect(!agents.text.contains("online"), "\(agents.text)")
        let file = agent.folder.appending(path: "agent.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try text.replacing("tier: prod", with: "tier: lab").write(to: file, atomically: true, encoding: .utf8)
        let unselected = try await agent.run(["doctor"])
        #expect(unselected.text.contains("BAD  database dev: no policy backs it up on a schedule"))
        // One that works by an older plan is told so.
        try text.write(to: file, atomically: true, encoding: .utf8)
        try agent.start()
        defer { agent.kill() }
        try await eventually("the plan has come") {
            try await agent.run(["doctor"]).text.contains("ok   plan: revision ") ? true : nil
        }
        agent.kill()
        try await fleet.holdfast("apply", "-f", fleet.folder.appending(path: "fleet.yaml").path)
        try text.replacing("tier: prod", with: "tier: lab").write(to: file, atomically: true, encoding: .utf8)
        let other = try await agent.run(["doctor"])
        #expect(
            other.text.contains("WARN plan: 0 schedules by the coordinator's fleet.yaml; the agent works by another"))
        fleet.killCoordinator()
        let alone = try await agent.run(["doctor"])
        #expect(alone.text.contains("WARN plan: revision ") && alone.text.contains("as kept here"), "\(alone.text)")
    }

    @Test func filesThatTheAgentMayNotReadAreFoundBeforeTheyFailABackup() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let tree = URL(filePath: "/tmp/holdfast-tree-\(UUID().uuidString.prefix(8))")
        defer { try? FileManager.default.removeItem(at: tree) }  // it is named as ours
        let agent = try await fleet.join(
            "app-01", "databases:\n  - { name: conf, application: { paths: [\(tree.path)] } }\n")
        let made = try await ProgramOutput.of(
            "bash",
            [
                "-ec",
                """
                mkdir -p "$1/open" "$1/shut"; echo 1 >"$1/open/a"; echo 2 >"$1/open/key"; chmod 600 "$1/open/key"; chmod 700 "$1/shut"
                chown -R nobody "$2"; chmod o+x "$3"
                """, "sh", tree.path, agent.folder.path, fleet.folder.path,
            ])
        #expect(made.status == 0, "\(made.error)")
        let programs = fleet.folder.appending(path: "programs")
        try FileManager.default.createDirectory(at: programs, withIntermediateDirectories: true)
        let copy = programs.appending(path: "holdfast-agent").path
        try FileManager.default.copyItem(atPath: ProgramProcess.built("holdfast-agent"), toPath: copy)
        func doctor() async throws -> String {
            try await ProgramOutput.of(
                "setpriv",
                [
                    "--reuid=nobody", "--regid=nogroup", "--clear-groups", copy, "doctor", "--data-dir",
                    agent.data.path,
                    "--config", agent.folder.path + "/agent.yaml",
                ]
            ).text
        }
        let found = try await doctor()
        #expect(found.contains("BAD  database conf: "), "\(found)")
        #expect(found.contains("\(tree.path)/open/key") && found.contains("\(tree.path)/shut"), "\(found)")
        #expect(found.contains("setfacl"))
        _ = try await ProgramOutput.of("chmod", ["-R", "a+rX", tree.path])
        let mended = try await doctor()
        #expect(mended.contains("ok   database conf: application"), "\(mended)")
        #expect(mended.contains("WARN database conf: A RESTORE HERE: files belong to the user that restores them"))
    }

    @Test func whatLibpqTakesFromTheEnvironmentServesDoctorBackupAndRestore() async throws {
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        let data = cluster.folder + "/data"
        let made = try await ProgramOutput.of(
            "bash",
            [
                "-ec",
                """
                openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 -keyout "$1/server.key" -out "$1/server.crt"
                chown postgres "$1/server.key" "$1/server.crt"; chmod 600 "$1/server.key"
                echo 'hostssl all all 127.0.0.1/32 scram-sha-256' >"$1/pg_hba.conf.new"
                echo 'local all all trust' >>"$1/pg_hba.conf.new"; cat "$1/pg_hba.conf.new" >"$1/pg_hba.conf"
                """, "sh", data,
            ])
        #expect(made.status == 0, "\(made.error)")
        try await cluster.sql("ALTER SYSTEM SET ssl = on")
        try await cluster.sql("SELECT pg_reload_conf(); CREATE DATABASE shop")
        try await cluster.sql("CREATE TABLE t AS SELECT generate_series(1, 1000) AS a", database: "shop")
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let environment = try Self.service("prod", cluster, in: fleet.folder)
        let agent = try await fleet.join(
            "db-01", "databases:\n  - { name: shop, url: \"postgresql:///shop?service=prod\", globals: false }\n",
            environment: environment)
        let blind = try await agent.run(["doctor"])
        #expect(blind.text.contains("BAD  database shop: ") && blind.text.contains("certificate"), "\(blind.text)")
        let root = ["PGSSLROOTCERT": data + "/server.crt", "PGOPTIONS": "-c statement_timeout=1ms"]
        let seeing = try await agent.run(["doctor"], root)
        #expect(seeing.text.contains("ok   database shop: postgres, server "), "\(seeing.text)")
        #expect(!seeing.text.contains("WARN database shop"), "\(seeing.text)")
        try agent.start(root)
        defer { agent.kill() }
        try await eventually("the database is known") {
            try await fleet.list([DatabaseView].self, "database", "list").isEmpty ? nil : true
        }
        let backup = try await fleet.backUp()
        #expect(backup.status == 0, "\(backup.error)")
        let view = try #require(try await fleet.list([BackupView].self, "backup", "list").first)
        let shown = try await fleet.run("backup", "show", view.id.uuidString)
        #expect(!shown.text.contains("_globals.sql"), "\(shown.text)")
        let restore = try await fleet.run("restore", view.id.uuidString, "--to", "shop_again")
        #expect(restore.status == 0, "\(restore.text)")
        #expect(try await cluster.sql("SELECT count(*) FROM t", database: "shop_again") == "1000\n")
        let refused = try await fleet.run("restore", view.id.uuidString, "--to", "shop_2", "--globals")
        #expect(refused.status != 0 && refused.error.contains("globals"), "\(refused.error)")
    }
}
