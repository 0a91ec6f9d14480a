import Domain
import Engines
import Foundation
import TestSupport
import Testing

/// FAULT 162: what holds a database by more than a session is recognized before the load.
@Suite("A database that is held by more than sessions", .timeLimit(.minutes(3)))
struct TiedDatabaseTests {
    private static let ties: [(name: String, make: String, undo: String, words: String)] = [
        (
            "prepared", "BEGIN; INSERT INTO t VALUES (2); PREPARE TRANSACTION 'two phases'",
            "ROLLBACK PREPARED 'two phases'", "the prepared transactions two phases hold"
        ),
        (
            "slot", "SELECT pg_create_logical_replication_slot('for_search', 'pgoutput')",
            "SELECT pg_drop_replication_slot('for_search')", "the logical replication slots for_search hold"
        ),
        (
            "subscription",
            """
            CREATE SUBSCRIPTION from_afar CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p
              WITH (connect = false, slot_name = 'of_another');
            ALTER SUBSCRIPTION from_afar ENABLE
            """, "ALTER SUBSCRIPTION from_afar DISABLE", "the enabled subscriptions from_afar hold"
        ),
    ]

    @Test("is not replaced, says what to do, and is once that was done")
    func tied() async throws {
        let cluster = try PostgresCluster(settings: ["wal_level=logical", "max_prepared_transactions=5"])
        defer { cluster.stop() }
        for (number, tie) in Self.ties.enumerated() {
            try await cluster.sql("CREATE DATABASE \(tie.name)")
            try await cluster.sql("CREATE TABLE t AS SELECT 1 AS a", database: tie.name)
            let engine = try cluster.engine(tie.name)
            let dump = try await cluster.backup(engine)
            try await cluster.sql(tie.make, database: tie.name)
            let time = 1_768_442_400 + Double(number)
            let asked = request(dump, .plain, target: tie.name, replace: true, at: time)
            let busy = try #require(await failure { _ = try await engine.restore(asked) })
            #expect(busy.code == .busy && busy.message.hasPrefix(tie.words), "\(busy)")
            #expect(busy.message.contains("then restore again, or restore beside it"), "\(busy)")
            // Nothing was loaded for it.
            #expect(try await cluster.databases().filter { $0.hasPrefix(tie.name + "_") } == [])
            let beside = try await engine.restore(request(dump, .plain, target: tie.name + "_new", at: time))
            #expect(beside.failures == [])
            try await cluster.sql(tie.undo, database: tie.name)
            // A worker that was stopped ends a moment later.
            try await eventually("it is replaced") {
                await failure { _ = try await engine.restore(asked) } == nil ? true : nil
            }
        }
    }

    @Test("a name that PostgreSQL would cut is refused")
    func longName() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE DATABASE short_name")
        let engine = try cluster.engine("short_name")
        let dump = try await cluster.backup(engine)
        let long = String(repeating: "ä", count: 32)
        let refused = try #require(
            await failure { _ = try await engine.restore(request(dump, .plain, target: long)) })
        #expect(
            refused.code == .usage && refused.message.contains("has 64 bytes, and PostgreSQL keeps 63"), "\(refused)")
        let whole = try await engine.restore(request(dump, .plain, target: String(long.dropLast())))
        #expect(whole.target == String(long.dropLast()))
    }
}
