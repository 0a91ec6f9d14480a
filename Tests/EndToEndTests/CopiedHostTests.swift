import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A host that was copied with its data directory (faults 121 and on): two built agents with one identity.
@Suite(.timeLimit(.minutes(10))) struct CopiedHostTests {
    @Test func bothAreHeldUntilAnOperatorChoosesOne() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) } }
            policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [local] } }
            """)
        let database = try await sqlite(fleet, "shop.db", rows: 1000)
        let agent = try await fleet.join("db-01", yaml(database))
        defer { agent.kill() }
        try agent.start()
        try await fleet.backup()
        let good = try #require(try await fleet.list([BackupView].self, "backup", "list").first)

        // The copy has its own disk, and a smaller database of the same name.
        let copy = fleet.folder.appending(path: "copy")
        let made = try await ProgramOutput.of("cp", ["-a", agent.folder.path, copy.path])
        #expect(made.status == 0, "\(made.error)")
        let small = try await sqlite(fleet, "small.db", rows: 3)
        try Data(yaml(small).utf8).write(to: copy.appending(path: "agent.yaml"))
        let clone = try ProgramProcess(
            ProgramProcess.built("holdfast-agent"),
            [
                "run", "--data-dir", copy.appending(path: "data").path, "--config",
                copy.appending(path: "agent.yaml").path,
            ], environment: ["HOME": copy.path], log: copy.appending(path: "agent.log"))
        defer { clone.kill() }
        let alert = try await eventually("the clone is told", within: .seconds(240)) {
            try await fleet.list([IncidentView].self, "alert", "list").first { $0.kind == "clone" }
        }
        let check = try await fleet.run("check")
        print("C1 check: \(check.status) \(check.text)")
        #expect(check.status == 2 && check.text.hasPrefix("HOLDFAST CRITICAL"), "\(check.text)")
        let instances = alert.detail.matches(of: /([0-9a-f-]{36}) on host/).map { String($0.output.1) }
        #expect(instances.count == 2, "\(alert.detail)")

        // Both go on backing up, and nothing of either is taken in.
        _ = try? await fleet.run("backup", "create")
        let refused = try await fleet.run(
            "restore", good.id.uuidString, "--to", fleet.folder.appending(path: "x.db").path)
        #expect(refused.status != 0 && refused.error.contains("two hosts"), "\(refused.error)")
        #expect(!FileManager.default.fileExists(atPath: fleet.folder.appending(path: "x.db").path))
        #expect(try await fleet.list([BackupView].self, "backup", "list").map(\.id) == [good.id])

        // The one that was heard first is the right one.
        try await fleet.holdfast("agent", "resolve", "db-01", "--keep", instances[1])
        try await eventually("the alert is over") {
            try await fleet.list([IncidentView].self, "alert", "list").contains { $0.kind == "clone" } ? nil : true
        }
        let output = try await eventually("the kept one backs up", within: .seconds(120)) {
            let output = try await fleet.backUp()
            return output.status == 0 ? output : nil
        }
        #expect(output.status == 0)
        let newest = try #require(try await fleet.list([BackupView].self, "backup", "list").first)
        #expect(newest.id != good.id)
        try await fleet.holdfast(
            "restore", newest.id.uuidString, "--to", fleet.folder.appending(path: "back.db").path)
        #expect(try await rows(fleet.folder.appending(path: "back.db")) == "1000\n")
        // The other one is refused from now on, and says so itself.
        try await eventually("the clone says that it is refused", within: .seconds(120)) {
            try String(contentsOf: copy.appending(path: "agent.log"), encoding: .utf8)
                .contains("an operator chose another host") ? true : nil
        }
    }

    private func yaml(_ database: URL) -> String {
        "databases:\n  - { name: shop, sqlite: \(database.path) }\n"
    }

    private func sqlite(_ fleet: Fleet, _ name: String, rows: Int) async throws -> URL {
        let file = fleet.folder.appending(path: name)
        let sql =
            "CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(rows)) "
            + "INSERT INTO t SELECT hex(randomblob(50)) FROM n;"
        let made = try await ProgramOutput.of("sqlite3", [file.path, sql])
        guard made.status == 0 else { throw ServerFailure("sqlite3: \(made.error)") }
        return file
    }

    private func rows(_ file: URL) async throws -> String {
        try await ProgramOutput.of("sqlite3", [file.path, "SELECT count(*) FROM t"]).text
    }
}
