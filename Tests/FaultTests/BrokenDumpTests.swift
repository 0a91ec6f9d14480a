import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A dump that cannot be had, dies, or lies: never a success, nothing stored, no upload left, and the tool's own words for
/// the operator (P1; faults 29 to 34).
@Suite(.timeLimit(.minutes(10))) struct BrokenDumpTests {
    struct Case {
        let name: String
        var database = "shop"
        var password: String?
        /// More of the entry in `agent.yaml`.
        var options = ""
        var tool = "pg_dump"
        /// In the tool's place; nil leaves the tool out.
        var script: String?
        /// False for the tools as they are.
        var isFake = true
        /// Of the error.
        let words: String
        /// It fails only after an upload has begun.
        var comesFar = false
    }

    static let cases = [
        Case(name: "empty", script: "exit 0", words: "not complete"),
        Case(name: "cut", script: #"pg_dump "$@" | head -c 12000000"#, words: "not complete", comesFar: true),
        Case(
            name: "dies", script: #"pg_dump "$@" | head -c 12000000; echo 'pg_dump: error: CRASH WORDS' >&2; exit 1"#,
            words: "exit status 1: pg_dump: error: CRASH WORDS", comesFar: true),
        Case(
            name: "killed", script: #"pg_dump "$@" | head -c 12000000; kill -9 $$"#, words: "killed by signal 9",
            comesFar: true),
        Case(
            name: "halfcustom", options: ", format: custom", script: #"pg_dump "$@" | head -c 12000000"#,
            words: "pg_restore cannot read the dump: pg_restore: error:", comesFar: true),
        Case(
            name: "globalsdie", tool: "pg_dumpall", script: "echo 'pg_dumpall: error: GLOBAL WORDS' >&2; exit 1",
            words: "exit status 1: pg_dumpall: error: GLOBAL WORDS"),
        Case(name: "noglobals", tool: "pg_dumpall", script: "exit 0", words: "not complete"),
        Case(name: "missing", script: nil, words: "was not found in"),
        Case(name: "none", tool: "", script: nil, words: "psql was not found in"),
        Case(
            name: "tooold", script: "echo 'pg_dump (PostgreSQL) 9.6.24' # --version",
            words: "pg_dump 9.6.24 is older than the server"),
        Case(
            name: "wrongpassword", password: "CANARY-wrong", isFake: false,
            words: #"password authentication failed for user "postgres""#),
        Case(name: "unknown", database: "nowhere", isFake: false, words: #"database "nowhere" does not exist"#),
        Case(
            name: "locked", database: "locked", options: ", lockTimeoutSeconds: 1", isFake: false,
            words: "canceling statement due to statement timeout"),
    ]

    @Test func aDumpThatIsNotWholeIsNeverASuccess() async throws {
        let host = try await DumpFleet()
        defer { host.stop() }
        try await host.makeDatabase("shop")
        try await host.cluster.sql("CREATE DATABASE locked")
        try await host.cluster.sql("CREATE TABLE b AS SELECT 1 AS x", database: "locked")
        async let holding = host.cluster.sql("BEGIN; LOCK TABLE b; SELECT pg_sleep(600)", database: "locked")
        try await eventually("the table is locked") {
            let locks = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
            return try await host.cluster.sql(locks) == "1\n" ? true : nil
        }
        let agent = try await host.start(try Self.cases.map { try entry($0, host) })
        defer { agent.kill() }

        let output = try await host.fleet.run("backup", "create", "--wait")
        #expect(output.status == 1)
        let known = try await host.fleet.catalog(
            """
            SELECT d.name, r.state, replace(r.failureMessage, char(10), ' ')
            FROM run r JOIN database d ON d.id = r.database
            """)
        #expect(known.count == Self.cases.count)
        let views = try await host.fleet.list([DatabaseView].self, "database", "list")
        for item in Self.cases {
            let row = try #require(known.first { $0.hasPrefix(item.name + "|") }, "no run of \(item.name)")
            #expect(row.hasPrefix("\(item.name)|failed|") && row.contains(item.words), "\(row)")
            let told = output.error.split(separator: "\n").first { $0.contains("\(item.name) on db-01 failed: ") }
            #expect(told?.contains(item.words) == true, "\(item.name): \(told ?? "nothing was told")")
            let view = try #require(views.first { $0.name.rawValue == item.name })
            #expect(view.lastGoodBackup == nil && view.lastError?.contains(item.words) == true)
        }
        #expect(!(output.text + output.error + known.joined()).contains("CANARY"))
        // Those that came far had an upload under way, so that none is left says something.
        let begun = try host.s3.begunUploads()
        for item in Self.cases {
            #expect(begun.contains { $0.contains("/\(item.name)_db_") } == item.comesFar, "\(item.name): \(begun)")
        }
        try await host.expectNothingIsStored()
        try await host.cluster.sql(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()
            """)
        _ = try? await holding  // its connection was ended above
    }

    private func entry(_ item: Case, _ host: DumpFleet) throws -> String {
        var entry =
            "{ name: \(item.name), url: \"\(host.cluster.url(database: item.database, password: item.password))\""
        if item.isFake {
            let folder = host.fleet.folder.appending(path: "bin-\(item.name)")
            if item.tool.isEmpty {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            } else {
                _ = try FakeTools(
                    folder, real: host.cluster.binDirectory, replacing: item.tool, with: item.script)
            }
            entry += ", binDirectory: \(folder.path)"
        }
        return entry + item.options + " }"
    }
}
