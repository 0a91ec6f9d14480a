import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// With the built programs: a SQLite database that is written to all the time is backed up, and every backup is whole.
@Suite(.timeLimit(.minutes(6))) struct LiveSQLiteTests {
    @Test(arguments: ["wal", "delete"])
    func tenBackupsUnderAWriterComeBackWhole(journal: String) async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) } }
            policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [local] } }
            """)
        let database = fleet.folder.appending(path: "live.db")
        _ = try await sqlite(database, "PRAGMA journal_mode = \(journal); " + Self.schema)
        let agent = try await fleet.join("db-01", "databases:\n  - { name: livedb, sqlite: \(database.path) }\n")
        defer { agent.kill() }
        try agent.start()
        let writer = try ServerProcess(script: "sqlite_writer.py", [database.path])
        defer { writer.stop() }

        let clock = ContinuousClock()
        let (begin, first) = (clock.now, try await transactions(database))
        // What was there when each backup was asked for.
        var committed: [UUID: Int] = [:]
        var rate = 0.0
        // Ten, and more until the writer's mean tells: it makes up for what a machine that stalled for a second kept from it.
        while committed.count < 10 || (rate < 200 && clock.now - begin < .seconds(120)) {
            let before = try await transactions(database)
            try await fleet.backup()
            let known = try await fleet.list([BackupView].self, "backup", "list")
            let new = known.filter { committed[$0.id] == nil }
            try #require(new.count == 1 && new[0].state == .good, "\(new)")
            committed[new[0].id] = before
            rate = Double(try await transactions(database) - first) / ((clock.now - begin) / .seconds(1))
        }
        #expect(rate >= 200, "\(rate) transactions a second")
        // Whoever wrote all the time still does.
        let last = try await transactions(database)
        try await eventually("another transaction", within: .seconds(20)) {
            try await transactions(database) > last ? true : nil
        }

        for (backup, before) in committed {
            let copy = fleet.folder.appending(path: "copy-\(backup.uuidString).db")
            try await fleet.holdfast("restore", backup.uuidString, "--to", copy.path)
            let whole = try await sqlite(
                copy, "PRAGMA integrity_check; SELECT sum(amount), count(*) >= \(before * 2) FROM ledger")
            #expect(whole == "ok\n0|1\n", "\(backup)")
        }
        // Nor is anything of the copies left where they were made.
        let scratch = agent.data.appending(path: "scratch").path
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch) == [])
    }

    /// About 6 MB, so that a copy takes several steps.
    private static let schema = """
        CREATE TABLE filler (id INTEGER PRIMARY KEY, t TEXT);
        CREATE TABLE ledger (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL);
        CREATE INDEX by_amount ON ledger (amount);
        INSERT INTO filler (t) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000)
          SELECT hex(randomblob(150)) FROM n;
        """

    private func transactions(_ database: URL) async throws -> Int {
        let text = try await sqlite(database, "SELECT count(*) / 2 FROM ledger")
        guard let number = Int(text.filter(\.isNumber)) else { throw ServerFailure("not a number: \(text)") }
        return number
    }

    /// What the stock program prints.
    private func sqlite(_ database: URL, _ sql: String) async throws -> String {
        let output = try await ProgramOutput.of("sqlite3", ["-cmd", ".timeout 60000", database.path, sql])
        guard output.status == 0 else { throw ServerFailure("sqlite3: \(output.error)") }
        return output.text
    }
}
