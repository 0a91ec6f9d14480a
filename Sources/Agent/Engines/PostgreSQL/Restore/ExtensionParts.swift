import Domain
import Synchronization

/// What the extensions of a dump bring along that is in the way of its load.
final class ExtensionParts: Sendable {
    private struct State {
        var awakening: [String] = []
        var closed: Set<[UInt8]> = []
    }
    private let state = Mutex(State())

    /// Wakes what sleeps, each as it was.
    var awakening: [String] { state.withLock { $0.awakening } }

    /// Whether this function, by its name as pg_dump writes it, is one of triggers that the load's role may not run.
    func isClosed(_ function: [UInt8]) -> Bool { state.withLock { $0.closed.contains(function) } }

    /// Puts event triggers to sleep: while a dump is loaded they would judge, or change, what is half there (those of `periods`
    /// refuse every statement between its rows and its triggers). The dump's own are made last anyway.
    func putToSleep(_ superuser: PostgresSession, _ database: String) async throws(BackupError) {
        let awake = "pg_event_trigger WHERE evtenabled <> 'D'"
        let found = try await superuser.ask(
            """
            SELECT to_json(format('ALTER EVENT TRIGGER %I ENABLE%s;', evtname,
              CASE evtenabled WHEN 'A' THEN ' ALWAYS' WHEN 'R' THEN ' REPLICA' ELSE '' END)) FROM \(awake);
            """, database: database, as: String.self)
        guard !found.isEmpty else { return }
        state.withLock { $0.awakening += found }
        try await superuser.execute(
            "SELECT format('ALTER EVENT TRIGGER %I DISABLE', evtname) FROM \(awake) \\gexec", database: database)
    }

    /// The right to run all of them would be too much: what the dump holds runs with the rights of `role`.
    func findClosed(to role: String, _ superuser: PostgresSession, _ database: String) async throws(BackupError) {
        let found = try await superuser.ask(
            """
            SELECT to_json(quote_ident(nspname) || '.' || quote_ident(proname)) FROM pg_proc p
              JOIN pg_namespace n ON n.oid = pronamespace
              WHERE prorettype = 'trigger'::regtype AND NOT has_function_privilege('\(role)', p.oid, 'EXECUTE');
            """, database: database, as: String.self)
        state.withLock { $0.closed.formUnion(found.map { Array($0.utf8) }) }
    }
}
