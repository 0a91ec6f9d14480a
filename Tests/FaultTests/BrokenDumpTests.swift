import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A dump tool that dies, or lies: never a success, nothing under a final name, no upload left (P1; faults 29 to 34).
@Suite(.timeLimit(.minutes(10))) struct BrokenDumpTests {
    @Test func aDumpThatIsNotWholeIsNeverASuccess() async throws {
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        let s3 = try S3Server()
        defer { s3.stop() }
        try await cluster.sql("CREATE DATABASE shop")
        try await cluster.sql("CREATE TABLE t AS SELECT generate_series(1, 100000) AS x", database: "shop")
        let fleet = try await Fleet(environment: s3.credentials("coordinator"))
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) }, offsite: \(s3.destination) }
            policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [local, offsite] } }
            """)
        let url = cluster.url(database: "shop")
        let real = cluster.binDirectory
        let cases = [
            (name: "empty", script: "exit 0", words: "not complete"),
            (name: "cut", script: "\(real)/pg_dump \"$@\" | head -c 200000", words: "not complete"),
            (
                name: "dies",
                script: "\(real)/pg_dump \"$@\" | head -c 200000; echo 'pg_dump: error: CRASH WORDS' >&2; exit 1",
                words: "CRASH WORDS"
            ),
            (name: "killed", script: "\(real)/pg_dump \"$@\" | head -c 200000; kill -9 $$", words: "signal 9"),
        ]
        var yaml = "retries: { attempts: 1 }\ndatabases:\n"
        for (name, script, _) in cases {
            let folder = fleet.folder.appending(path: "bin-\(name)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for tool in ["psql", "pg_dumpall", "pg_restore"] {
                try FileManager.default.createSymbolicLink(
                    atPath: folder.appending(path: tool).path, withDestinationPath: "\(real)/\(tool)")
            }
            let fake = folder.appending(path: "pg_dump")
            let version = "case \"$*\" in *--version*) exec \(real)/pg_dump --version;; esac"
            try Data("#!/bin/bash\n\(version)\n\(script)\n".utf8).write(to: fake)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fake.path)
            yaml += "  - { name: \(name), url: \"\(url)\", binDirectory: \(folder.path) }\n"
        }
        let agent = try await fleet.join("db-01", yaml, environment: s3.credentials("agent"))
        defer { agent.kill() }
        try agent.start()
        try await eventually("databases are known") {
            try await fleet.list([DatabaseView].self, "database", "list").count == cases.count ? true : nil
        }
        #expect(try await fleet.run("backup", "create", "--wait").status == 1)
        for database in try await fleet.list([DatabaseView].self, "database", "list") {
            let words = try #require(cases.first { $0.name == database.name.rawValue }).words
            #expect(
                database.lastError?.contains(words) == true, "\(database.name): \(database.lastError ?? "no error")")
            #expect(database.lastGoodBackup == nil)
        }
        #expect(try await fleet.list([BackupView].self, "backup", "list").isEmpty)
        #expect(try await s3.keys().isEmpty)
        #expect(try await s3.uploads() == 0)
        let files = (try? FileManager.default.subpathsOfDirectory(atPath: fleet.local.path)) ?? []
        #expect(files.allSatisfy { !$0.contains("_db_") }, "\(files)")
    }
}
