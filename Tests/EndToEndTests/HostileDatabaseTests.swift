import Archive
import Domain
import Foundation
import Sealing
import TestSupport
import Testing
import Wire

/// A database whose owner is hostile, and a stored dump that somebody has changed, met by the built programs of a host that
/// connects as superuser.
@Suite(.timeLimit(.minutes(10))) struct HostileDatabaseTests {
    private struct Host {
        let cluster: PostgresCluster
        let fleet: Fleet
        let agent: FleetAgent
        func stop() {
            agent.kill()
            fleet.stop()
            cluster.stop()
        }
    }

    private func host(_ sql: String) async throws -> Host {
        let cluster = try PostgresCluster()
        try await cluster.sql("CREATE ROLE evil LOGIN; CREATE DATABASE shop OWNER evil")
        try await cluster.sql(sql, database: "shop")
        let fleet = try await Fleet()
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) } }
            policies:
              all:
                tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }
                destinations: [local]
                compression: none
            """)
        let agent = try await fleet.join(
            "db-01", "databases:\n  - { name: shop, url: \"\(cluster.url(database: "shop"))\" }\n")
        try agent.start()
        return Host(cluster: cluster, fleet: fleet, agent: agent)
    }

    /// Who can write to the destination puts a command of psql into the dump, and makes its manifest fit.
    @Test func aChangedDumpRunsNothingAndIsNeverSound() async throws {
        let host = try await host("CREATE TABLE t AS SELECT n FROM generate_series(1, 100) n")
        defer { host.stop() }
        let (fleet, agent) = (host.fleet, host.agent)
        try await fleet.backup()
        let backup = try #require(try await fleet.list([BackupView].self, "backup", "list").first)
        let folder = fleet.local.appending(path: "db-01/database-backups")
        let name = try #require(backup.objects.map(\.name).first { !$0.contains(/_(globals|database)\./) })
        let (dump, manifest) = (
            folder.appending(path: name), folder.appending(path: name.replacing(".sql", with: ".json"))
        )
        let mark = fleet.folder.appending(path: "pwned").path
        let text = try String(contentsOf: dump, encoding: .utf8)
        let end = "--\n-- PostgreSQL database dump complete"
        #expect(text.contains(end))
        let before = try await host.cluster.sql("SELECT datname FROM pg_database ORDER BY 1")
        for body in [
            "\\! touch \(mark)", "SELECT 1 \\g |touch \(mark)",
            "DO $$ BEGIN COPY (SELECT 1) TO PROGRAM 'touch \(mark)'; END $$;\nALTER ROLE evil SUPERUSER;",
        ] {
            let changed = Array(text.replacing(end, with: body + "\n\n" + end).utf8)
            try chmod(dump)
            try Data(changed).write(to: dump)
            // The first time only the dump is changed, as by somebody who does not know of manifests.
            if body.hasPrefix("SELECT") { try rewrite(manifest, name, changed) }
            if body.hasPrefix("DO") { try rewrite(manifest, name, changed) }
            let restored = try await agent.run(["restore", dump.path, "--to", "stolen"])
            if body.contains("\\") {
                #expect(restored.status != 0, "\(body): \(restored.text)")
                print("D1 restore: \(restored.status) \(restored.error.suffix(300))")
            } else {
                // No scanner sees what SQL does: it runs, and may do nothing.
                #expect(
                    restored.text.contains("42501") || restored.error.contains("42501") || restored.status != 0,
                    "\(restored.text) \(restored.error)")
                try await host.cluster.sql("DROP DATABASE IF EXISTS stolen")
            }
            #expect(!FileManager.default.fileExists(atPath: mark), "\(body)")
        }
        #expect(try await host.cluster.sql("SELECT rolname FROM pg_roles WHERE rolsuper") == "postgres\n")
        #expect(try await host.cluster.sql("SELECT rolname FROM pg_roles WHERE rolname LIKE 'holdfast_load%'") == "")
        #expect(try await host.cluster.sql("SELECT datname FROM pg_database ORDER BY 1") == before)

        let verified = try await fleet.run("backup", "verify", backup.id.uuidString)
        #expect(verified.status != 0, "\(verified.text)")
        let asked = try await fleet.run("restore", backup.id.uuidString, "--to", "asked")
        #expect(asked.status != 0, "\(asked.text)")
        let check = try await fleet.run("check")
        print("D1 check: \(check.status) \(check.text)")
        #expect(check.status == 2 && check.text.hasPrefix("HOLDFAST CRITICAL"), "\(check.text)")
        #expect(!FileManager.default.fileExists(atPath: mark))
    }

    /// An owner without rights plants functions that fit our own questions better than the built-in ones.
    @Test func anOwnersTrapsDoNotSpringAtFactsBackupAndRestore() async throws {
        let host = try await host(
            """
            SET ROLE evil;
            CREATE FUNCTION public.trap() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
              IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) current_user) THEN
                EXECUTE 'ALTER ROLE evil SUPERUSER'; END IF; RETURN true; END $$;
            CREATE FUNCTION public.json_build_object(text,text,text,int,text,name,text,name,text,bigint,text,boolean)
              RETURNS json LANGUAGE sql
              AS 'SELECT CASE WHEN public.trap() THEN pg_catalog.json_build_object($1,$2,$3,$4) END';
            CREATE FUNCTION public.pg_database_size(name) RETURNS bigint LANGUAGE sql
              AS 'SELECT CASE WHEN public.trap() THEN 1::bigint END';
            CREATE FUNCTION public.count(int) RETURNS bigint LANGUAGE sql
              AS 'SELECT CASE WHEN public.trap() THEN 1::bigint END';
            CREATE FUNCTION public.eq(name, text) RETURNS bool LANGUAGE sql AS 'SELECT public.trap()';
            CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.eq);
            CREATE TABLE public.pg_settings AS SELECT 'x'::text AS name WHERE public.trap();
            CREATE TABLE public.t (a int CHECK (public.trap())); INSERT INTO t VALUES (1), (2);
            RESET ROLE;
            ALTER ROLE postgres IN DATABASE shop SET search_path = public, pg_catalog;
            ALTER DATABASE shop SET search_path = public, pg_catalog;
            ALTER DATABASE shop SET statement_timeout = 200;
            ALTER DATABASE shop SET default_transaction_read_only = on;
            """)
        defer { host.stop() }
        let superusers = "SELECT rolname FROM pg_roles WHERE rolsuper"
        try await eventually("its facts are known") {
            try await host.fleet.list([DatabaseView].self, "database", "list").isEmpty ? nil : true
        }
        #expect(try await host.cluster.sql(superusers) == "postgres\n")
        try await host.fleet.backup()
        let backup = try #require(try await host.fleet.list([BackupView].self, "backup", "list").first)
        #expect(backup.state == .good)
        #expect(try await host.cluster.sql(superusers) == "postgres\n")
        try await host.fleet.holdfast("restore", backup.id.uuidString, "--to", "again")
        #expect(try await host.cluster.sql("SELECT pg_catalog.count(*) FROM public.t", database: "again") == "2\n")
        #expect(try await host.cluster.sql(superusers) == "postgres\n")
        let check = try await host.fleet.run("check")
        print("D3 superusers: postgres only; check: \(check.status) \(check.text)")
        #expect(check.status == 0, "\(check.text)")
    }

    private func chmod(_ file: URL) throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    }

    private func rewrite(_ file: URL, _ name: String, _ bytes: [UInt8]) throws {
        var manifest = try Manifest(decoding: Array(Data(contentsOf: file)))
        let index = try #require(manifest.objects.firstIndex { $0.name == name })
        let digest = hex(sha256(bytes))
        (manifest.objects[index].storedBytes, manifest.objects[index].plainBytes) = (
            Int64(bytes.count), Int64(bytes.count)
        )
        (manifest.objects[index].storedSha256, manifest.objects[index].plainSha256) = (digest, digest)
        try chmod(file)
        try Data(manifest.encoded()).write(to: file)
    }
}
