import Domain
import Foundation

/// Gives a checked scratch database its final name. What had the name before is kept beside.
struct PostgresSwap {
    let session: PostgresSession
    let maintenance: String
    let trace: RestoreTrace

    func exists(_ database: String) async throws(BackupError) -> Bool {
        let found = try await session.ask(
            "SELECT 1 FROM pg_database WHERE datname = \(SQLText.literal(database));", database: maintenance,
            as: Int.self)
        return !found.isEmpty
    }

    func finish(scratch: String, target: String, replace: Bool, now: Date, checked: String) async throws(BackupError)
        -> RestoreOutcome
    {
        let newName = "ALTER DATABASE \(SQLText.identifier(scratch)) RENAME TO \(SQLText.identifier(target));"
        guard try await exists(target) else {
            try await give(newName, to: scratch)
            return RestoreOutcome(target: target, keptBeside: nil, checked: checked)
        }
        guard replace else {
            throw BackupError(.exists, "the database \"\(target)\" is there already; nothing was changed")
        }
        try await refuseSessions(in: target)
        try await refuseTies(of: target)
        await endWorkers(in: target)
        await endWorkers(in: scratch)
        let kept = Self.before(target, now)
        try await tell(target, as: kept)
        // Both renames in one transaction: there is never a moment without the target.
        do throws(BackupError) {
            try await session.execute(
                """
                BEGIN;
                ALTER DATABASE \(SQLText.identifier(target)) RENAME TO \(SQLText.identifier(kept));
                \(newName)
                COMMIT;
                """, database: maintenance)
        } catch  where error.message.contains("55006") {
            throw BackupError(.busy, "the database \"\(target)\" came into use at the last moment", cause: error)
        }
        return RestoreOutcome(target: target, keptBeside: kept, checked: checked)
    }

    /// What looks at every database by itself (monitoring, workers of extensions) may be in the new one for a moment.
    private func give(_ newName: String, to scratch: String) async throws(BackupError) {
        for attempt in 1... {
            await endWorkers(in: scratch)
            do throws(BackupError) { return try await session.execute(newName, database: maintenance) } catch {
                guard error.message.contains("55006"), attempt < 20 else { throw error }
            }
            do { try await Task.sleep(for: .milliseconds(500)) } catch {
                throw BackupError(.cancelled, "the restore was stopped")
            }
        }
    }

    /// Sets what is there aside, and answers with the name that it has now.
    func setAside(_ target: String, now: Date) async throws(BackupError) -> String {
        try await refuseTies(of: target)
        let kept = Self.before(target, now)
        try await tell(target, as: kept)
        try await rename(target, to: kept)
        return kept
    }

    private func tell(_ target: String, as kept: String) async throws(BackupError) {
        let oid = try await session.oid(of: target, from: maintenance)
        trace(.setsAside(RestoreThing(kind: .database, name: kept, mark: oid)))
    }

    /// Whose sessions are in it is looked at before.
    func rename(_ database: String, to name: String) async throws(BackupError) {
        try await refuseSessions(in: database)
        await endWorkers(in: database)
        try await session.execute(
            "ALTER DATABASE \(SQLText.identifier(database)) RENAME TO \(SQLText.identifier(name));",
            database: maintenance)
    }

    /// Takes a database that nobody should have come to yet out of the way: whoever is in it meanwhile is sent out.
    func close(_ database: String, as name: String) async throws(BackupError) {
        let quoted = SQLText.identifier(database)
        let sending = """
            BEGIN
              FOR attempt IN 1..100 LOOP
                PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = \(SQLText.literal(database));
                PERFORM pg_stat_clear_snapshot();
                EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = \(SQLText.literal(database)));
                PERFORM pg_sleep(0.1);
              END LOOP;
            END
            """
        // As a literal: no name in it can end it.
        try await session.execute(
            """
            ALTER DATABASE \(quoted) ALLOW_CONNECTIONS false;
            DO \(SQLText.literal(sending));
            ALTER DATABASE \(quoted) RENAME TO \(SQLText.identifier(name));
            ALTER DATABASE \(SQLText.identifier(name)) ALLOW_CONNECTIONS true;
            """, database: maintenance)
    }

    private static func before(_ target: String, _ now: Date) -> String {
        SQLText.name(target, "_before_" + Timestamp.compact(now))
    }

    /// What extensions run in a database by themselves (pg_cron's launcher) begins again by itself, and holds up a renaming.
    private func endWorkers(in database: String) async {
        do {
            _ = try await session.ask(
                """
                SELECT to_json(pg_terminate_backend(pid)) FROM pg_stat_activity a
                WHERE datname = \(SQLText.literal(database)) 
                  AND to_jsonb(a)->>'backend_type' NOT IN ('client backend', 'walsender');
                """, database: maintenance, as: Bool.self)
        } catch {
            // Then the renaming says that it is in use.
        }
    }

    /// A database in use is never taken from under its users, replication among them: whose sessions they are, the operator knows,
    /// we do not. The server's own workers do not count: it ends them itself. Throws `.busy`.
    func refuseSessions(in target: String) async throws(BackupError) {
        let sessions = try await session.ask(
            """
            SELECT to_json(format('pid %s (%s, %s, %s)', pid, usename, coalesce(nullif(application_name, ''), 'unnamed'),
                                  coalesce(host(client_addr), 'local')))
            FROM pg_stat_activity a WHERE datname = \(SQLText.literal(target))
              AND coalesce(to_jsonb(a)->>'backend_type', 'client backend') IN ('client backend', 'walsender') LIMIT 10;
            """, database: maintenance, as: String.self)
        guard sessions.isEmpty else {
            throw BackupError(
                .busy,
                "the database \"\(target)\" is in use by \(sessions.joined(separator: ", ")); stop the programs, or end the "
                    + "sessions with SELECT pg_terminate_backend(pid), and restore again")
        }
    }

    private struct Ties: Decodable {
        var prepared, slots, subscriptions: [String]
    }

    /// What holds a database by more than a session, and would hold the one that is set aside: its name could not be given away, or
    /// the new one would be without it and nobody told. Throws `.busy`.
    func refuseTies(of target: String) async throws(BackupError) {
        let name = SQLText.literal(target)
        let found = try await session.ask(
            """
            SELECT json_build_object(
              'prepared', (SELECT coalesce(json_agg(gid), '[]') FROM (SELECT gid FROM pg_prepared_xacts
                WHERE database = \(name) LIMIT 5) p),
              'slots', (SELECT coalesce(json_agg(slot_name), '[]') FROM (SELECT slot_name FROM pg_replication_slots
                WHERE database = \(name) LIMIT 5) s),
              'subscriptions', '[]'::json);
            """, database: maintenance, as: Ties.self)
        guard var ties = found.first else { return }
        // Since 10.
        ties.subscriptions = try await session.ask(
            """
            SELECT 'SELECT to_json(subname) FROM pg_subscription JOIN pg_database d ON d.oid = subdbid WHERE subenabled AND datname = '
              || quote_literal(\(name)) || ' LIMIT 5' WHERE to_regclass('pg_catalog.pg_subscription') IS NOT NULL \\gexec
            """, database: maintenance, as: String.self)
        let kinds = [
            (
                "the prepared transactions", ties.prepared,
                "end each in it with COMMIT PREPARED or ROLLBACK PREPARED"
            ),
            (
                "the logical replication slots", ties.slots,
                "drop each with SELECT pg_drop_replication_slot(name), and set its consumer up anew afterwards"
            ),
            (
                "the enabled subscriptions", ties.subscriptions,
                "stop each in it with ALTER SUBSCRIPTION name DISABLE, and enable the restored one when its slot is right"
            ),
        ]
        for (what, names, remedy) in kinds where !names.isEmpty {
            throw BackupError(
                .busy,
                "\(what) \(names.joined(separator: ", ")) hold the database \"\(target)\": \(remedy); then restore again, or restore "
                    + "beside it")
        }
    }
}
