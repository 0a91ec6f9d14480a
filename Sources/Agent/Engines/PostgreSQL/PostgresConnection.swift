package import Domain

/// How to reach one PostgreSQL server and database, from `agent.yaml` or `DATABASE_URL`.
///
/// Written as a URL (`postgresql://user:password@host:5432/name?sslmode=require`) or in libpq's keywords
/// (`host=/run/postgresql dbname=app`). It becomes environment of the tools (`PGHOST`, …): libpq takes a database's name
/// from `PGDATABASE` as it is, while a name on the command line can be read as a whole connection string.
package struct PostgresConnection: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// The database's name, if one is given.
    package var database: String?
    /// libpq's environment, without database and password.
    package private(set) var environment: [String: String]
    /// Reaches the tools as a password file, never by environment or argument.
    let password: String?
    /// Whether the text held a password, which is then as secret as the text.
    package var hasPassword: Bool { password != nil }

    /// Throws `.configuration`, naming what is wrong without showing the value.
    package init(parsing text: String) throws(BackupError) {
        var environment: [String: String] = [:]
        var database: String?
        var password: String?
        for (key, value) in try ConnectionText(text).settings {
            switch key {
            case "dbname": database = value
            case "password": password = value
            // Dumps keep the database's own encoding, so this has no meaning here.
            case "client_encoding": break
            // As libpq does it, for URLs written for other drivers.
            case "ssl":
                guard value == "true" else {
                    throw BackupError(.configuration, "database url: ssl must be true, or use sslmode")
                }
                environment["PGSSLMODE"] = "require"
            default:
                guard let variable = Self.variables[key] else { throw Self.unknown(key) }
                environment[variable] = value
            }
        }
        if let password, password.contains(where: \.isNewline) {
            throw BackupError(.configuration, "database url: the password has a line break, which libpq cannot read")
        }
        self.environment = environment
        self.database = database.flatMap { $0.isEmpty ? nil : $0 }
        self.password = password.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The same server for another role. `place` replaces variables of the environment: another way to the server.
    func replacing(user: String, password: String, at place: [String: String]) -> PostgresConnection {
        var environment = environment.merging(place) { $1 }
        environment["PGUSER"] = user
        environment["PGPASSFILE"] = nil
        return PostgresConnection(environment: environment, database: database, password: password)
    }

    private init(environment: [String: String], database: String?, password: String?) {
        (self.environment, self.database, self.password) = (environment, database, password)
    }

    /// Whether it leads to a socket of this host.
    var isLocal: Bool {
        guard environment["PGSERVICE"] == nil, environment["PGHOSTADDR"] == nil else { return false }
        return environment["PGHOST"].map { $0.hasPrefix("/") || $0.hasPrefix("@") } ?? true
    }

    /// Names a parameter of libpq's own only: any other may be a piece of a password that was not quoted.
    private static func unknown(_ key: String) -> BackupError {
        let isKnown = key.hasPrefix("keepalives") || Self.unpassable.contains(key)
        return BackupError(
            .configuration,
            isKnown
                ? "database url: the parameter \"\(key)\" cannot be passed on; take it out"
                : "database url: it has a parameter that is none of libpq's; in a password a blank, ? or & must be quoted"
        )
    }

    /// Parameters of libpq that have no environment variable.
    private static let unpassable: Set<String> = [
        "fallback_application_name", "replication", "tcp_user_timeout", "sslpassword", "scram_client_key",
        "scram_server_key", "oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope",
        "max_protocol_version", "min_protocol_version",
    ]

    /// Every parameter of libpq that has an environment variable.
    private static let variables = [
        "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER", "passfile": "PGPASSFILE",
        "service": "PGSERVICE", "options": "PGOPTIONS", "application_name": "PGAPPNAME", "sslmode": "PGSSLMODE",
        "connect_timeout": "PGCONNECT_TIMEOUT", "channel_binding": "PGCHANNELBINDING", "sslcert": "PGSSLCERT",
        "sslkey": "PGSSLKEY", "sslrootcert": "PGSSLROOTCERT", "sslcrl": "PGSSLCRL", "sslcrldir": "PGSSLCRLDIR",
        "sslsni": "PGSSLSNI", "sslcompression": "PGSSLCOMPRESSION", "sslcertmode": "PGSSLCERTMODE",
        "sslnegotiation": "PGSSLNEGOTIATION", "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
        "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION", "requirepeer": "PGREQUIREPEER",
        "require_auth": "PGREQUIREAUTH", "gssencmode": "PGGSSENCMODE", "gssdelegation": "PGGSSDELEGATION",
        "gsslib": "PGGSSLIB", "krbsrvname": "PGKRBSRVNAME", "target_session_attrs": "PGTARGETSESSIONATTRS",
        "load_balance_hosts": "PGLOADBALANCEHOSTS",
    ]

    /// Where it leads, without the password.
    package var description: String {
        let user = environment["PGUSER"].map { "\($0)@" } ?? ""
        let port = environment["PGPORT"].map { ":\($0)" } ?? ""
        return "\(user)\(environment["PGHOST"] ?? environment["PGSERVICE"] ?? "local socket")\(port)"
    }

    /// Keeps the password out of dumps of values in error texts.
    package var customMirror: Mirror { Mirror(self, children: ["server": description]) }
}
