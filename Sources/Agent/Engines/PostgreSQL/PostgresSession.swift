import Domain
import Foundation
import Threads

/// Runs PostgreSQL's tools against one server, and asks it questions through psql.
struct PostgresSession: Sendable {
    let connection: PostgresConnection
    let tools: PostgresTools
    private(set) var stop: StopSignal
    /// For one question; long ones, such as counting rows, raise it.
    var deadline: Duration = .seconds(120)
    private let passwordFile: PasswordFile?
    /// Given to every tool by name, since a service file's user goes before the environment's; nil for the connection's own.
    private var user: String?

    init(connection: PostgresConnection, tools: PostgresTools, stop: StopSignal) throws(BackupError) {
        self.connection = connection
        self.tools = tools
        self.stop = stop
        if let password = connection.password {
            passwordFile = try PasswordFile(password: password)
        } else {
            passwordFile = nil
        }
    }

    /// The same for what has to be done also when the work was stopped.
    var cleaningUp: PostgresSession {
        var other = self
        other.stop = StopSignal()
        return other
    }

    /// Runs a tool in `database`, whatever its name looks like: it goes by `PGDATABASE` only. A tool that asks its own
    /// questions of the server gets ``SessionPins`` by `pinnedFor`, the server's major version.
    func child(
        _ executable: String, _ arguments: [String], database: String, pinnedFor major: Int? = nil
    ) -> ChildProcess {
        var environment = ChildProcess.baseEnvironment
        environment["PGCONNECT_TIMEOUT"] = "15"
        environment["PGAPPNAME"] = "holdfast"
        // What is said there of who connects is not said of a role that was made for a restore.
        environment.merge(Self.inherited.filter { user == nil || !Self.ofOneRole.contains($0.key) }) { $1 }
        environment.merge(connection.environment) { $1 }
        environment["PGDATABASE"] = database
        if let major { environment["PGOPTIONS"] = SessionPins.options(after: environment["PGOPTIONS"], major: major) }
        if let passwordFile { environment["PGPASSFILE"] = passwordFile.path }
        let named = user.map { ["--username=\($0)"] } ?? []
        var child = ChildProcess(executable: executable, arguments: named + arguments, environment: environment)
        child.secrets = [connection.password ?? ""]
        return child
    }

    /// What libpq takes from our own environment: how a connection is made safe, and where its files are. Not where to and as
    /// whom: that says the database's entry alone, or a service file.
    private static var inherited: [String: String] {
        ProcessInfo.processInfo.environment.filter { name, _ in
            passed.contains(name) || name.hasPrefix("PGSSL") || name.hasPrefix("PGGSS")
        }
    }

    private static let ofOneRole: Set<String> = ["PGOPTIONS", "PGREQUIREAUTH", "PGSSLCERT", "PGSSLKEY"]

    private static let passed: Set<String> = [
        "PGSERVICEFILE", "PGSYSCONFDIR", "PGPASSFILE", "PGOPTIONS", "PGCHANNELBINDING", "PGREQUIREAUTH",
        "PGREQUIREPEER",
        "PGKRBSRVNAME", "KRB5_CONFIG", "KRB5CCNAME", "KRB5_CLIENT_KTNAME",
    ]

    /// Runs SQL whose answers are rows of one JSON value each, and hands those back. Statements run one by one, each in a
    /// transaction of its own, in a session that is pinned.
    func ask<Row: Decodable & Sendable>(
        _ sql: String, database: String, as: Row.Type = Row.self
    ) async throws(BackupError) -> [Row] {
        try await askUnpinned(SessionPins.script(limit: deadline) + sql, database: database)
    }

    /// The same in a session that is as the server gives it: whatever name is in the SQL, somebody may have planted another of it.
    func askUnpinned<Row: Decodable & Sendable>(
        _ script: String, database: String, as: Row.Type = Row.self
    ) async throws(BackupError) -> [Row] {
        var child = child(
            try tools.anyClient(),
            [
                "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--no-password", "--record-separator-zero",
                "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=verbose", "--file=-",
            ], database: database)
        child.environment["PGCLIENTENCODING"] = "UTF8"
        child.deadline = deadline
        try Self.refuseNUL(script.utf8)
        let (ending, output) = try await child.collect(input: Array(script.utf8), limit: 64 << 20, stop: stop)
        guard ending.isSuccess else { throw PostgresFailure.error(doing: "asking \(connection)", ending) }
        do {
            // A database in SQL_ASCII answers with the bytes that it has, whatever they are.
            return try output.split(separator: 0).map {
                try JSONDecoder().decode(Row.self, from: Data(String(decoding: $0, as: UTF8.self).utf8))
            }
        } catch {
            throw BackupError(.bug, "reading an answer of psql", cause: error)
        }
    }

    /// The same session for another role, with a password of its own.
    func login(as role: String, password: String, at place: [String: String] = [:]) throws(BackupError)
        -> PostgresSession
    {
        var other = try PostgresSession(
            connection: connection.replacing(user: role, password: password, at: place), tools: tools, stop: stop)
        other.user = role
        return other
    }

    /// Runs statements as they stand, whose texts are in `encoding` (nil for the database's own). What the server refuses is
    /// thrown in its words, with its ``ServerMessage`` as the cause.
    func run(_ statements: [UInt8], encoding: String?, database: String) async throws(BackupError) {
        var child = child(
            try tools.anyClient(),
            [
                "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=verbose",
                "--file=-",
            ], database: database)
        child.deadline = deadline
        let named = encoding.map { "SET client_encoding = \(SQLText.literal($0));\n" } ?? ""
        let script = Array((SessionPins.script(limit: deadline) + named).utf8) + statements
        try Self.refuseNUL(script)
        let (ending, _) = try await child.collect(input: script, stop: stop)
        guard ending.isSuccess else {
            guard let error = ServerMessage.errors(in: ending.standardError).first else {
                throw PostgresFailure.error(doing: "asking \(connection)", ending)
            }
            throw BackupError(.sourceRefused, error.text, cause: error)
        }
    }

    /// psql drops the rest of a line behind one, quotes and all: a name or a text with it would end where it likes.
    private static func refuseNUL(_ script: some Collection<UInt8>) throws(BackupError) {
        guard script.contains(0) else { return }
        throw BackupError(
            .integrity, "a name or a text has a NUL in it, which PostgreSQL does not know; nothing was run")
    }

    /// What the server knows a database by, whatever its name will be. Throws `.sourceUnavailable` when there is none.
    func oid(of name: String, from database: String) async throws(BackupError) -> String {
        let oid = try await ask(
            "SELECT to_json(oid::text) FROM pg_database WHERE datname = \(SQLText.literal(name));", database: database,
            as: String.self
        ).first
        guard let oid else { throw BackupError(.sourceUnavailable, "the database \"\(name)\" is gone") }
        return oid
    }

    /// Connects as tools that take no script do, with options.
    func tryOptions(_ database: String) async throws(BackupError) {
        var child = child(
            try tools.anyClient(), ["--no-psqlrc", "--quiet", "--no-password", "--file=-"], database: database,
            pinnedFor: 0)
        child.deadline = deadline
        let (ending, _) = try await child.collect(input: [], stop: stop)
        guard ending.isSuccess else { throw PostgresFailure.error(doing: "asking \(connection)", ending) }
    }

    /// Runs SQL that answers nothing.
    func execute(_ sql: String, database: String) async throws(BackupError) {
        _ = try await ask(sql, database: database, as: Int.self)
    }
}
