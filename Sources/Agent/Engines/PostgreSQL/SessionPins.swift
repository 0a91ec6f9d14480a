/// What every session of ours in somebody's database begins with, so that neither what its owner planted there nor what is set
/// for the database or for our role changes what our statements mean or how they end.
///
/// `search_path` first: from then on every name, function and operator is PostgreSQL's own, whatever objects of the same name
/// fit better elsewhere (CVE-2018-1058). The settings of roles and databases that would end us early, make us read-only, or
/// show us fewer rows, are taken back.
enum SessionPins {
    /// For psql, before anything else. `limit` is how long one statement may take; nil for as long as it needs.
    static func script(limit: Duration?, lockLimit: Duration? = .seconds(60)) -> String {
        """
        SET search_path = pg_catalog, pg_temp;
        SET statement_timeout = \(milliseconds(limit));
        SET lock_timeout = \(milliseconds(lockLimit));
        SET default_transaction_read_only = off;
        SET default_transaction_isolation = 'read committed';
        SET row_security = off;
        SET standard_conforming_strings = on;
        SET client_min_messages = warning;
        SELECT pg_catalog.format('SET %I = 0', name) FROM pg_catalog.pg_settings WHERE name IN
          ('idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout') \\gexec

        """
    }

    /// For statements that may hold a password: nothing of them into the server's log, whatever is set there. A superuser's.
    static let unlogged =
        "SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;\n"

    /// The same for a tool that asks its own questions and takes no script, as libpq's `PGOPTIONS`: behind those that the
    /// connection has, so that these win. pg_dump itself pins what it needs; pg_dumpall pins its search path only.
    static func options(after own: String?, major: Int) -> String {
        let pins = [
            "search_path=pg_catalog,pg_temp", "statement_timeout=0", "lock_timeout=0",
            "idle_in_transaction_session_timeout=0", "default_transaction_read_only=off",
        ]
        let later = major >= 17 ? ["transaction_timeout=0"] : []
        return ([own].compactMap(\.self) + (pins + later).map { "-c " + $0 }).joined(separator: " ")
    }

    private static func milliseconds(_ limit: Duration?) -> Int64 {
        guard let limit else { return 0 }
        return max(1, limit.components.seconds * 1000)
    }
}
