import Domain
import Foundation
import Threads

/// Runs PostgreSQL's tools against one server, and asks it questions through psql.
struct PostgresSession: Sendable {
    let connection: PostgresConnection
    let tools: PostgresTools
    let stop: StopSignal
    /// For one question; long ones, such as counting rows, raise it.
    var deadline: Duration = .seconds(120)
    private let passwordFile: PasswordFile?

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

    /// Runs a tool in `database`, whatever its name looks like: it goes by `PGDATABASE` only.
    func child(_ executable: String, _ arguments: [String], database: String) -> ChildProcess {
        var environment = ChildProcess.baseEnvironment
        environment["PGCONNECT_TIMEOUT"] = "15"
        environment["PGAPPNAME"] = "holdfast"
        environment.merge(connection.environment) { $1 }
        environment["PGDATABASE"] = database
        if let passwordFile { environment["PGPASSFILE"] = passwordFile.path }
        var child = ChildProcess(executable: executable, arguments: arguments, environment: environment)
        child.secrets = [connection.password ?? ""]
        return child
    }

    /// Runs SQL whose answers are rows of one JSON value each, and hands those back. Statements run one by one, each in a
    /// transaction of its own.
    func ask<Row: Decodable & Sendable>(
        _ sql: String, database: String, as: Row.Type = Row.self
    ) async throws(BackupError) -> [Row] {
        var child = child(
            try tools.anyClient(),
            [
                "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--no-password", "--record-separator-zero",
                "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=verbose", "--file=-",
            ], database: database)
        child.environment["PGCLIENTENCODING"] = "UTF8"
        child.deadline = deadline
        let (ending, output) = try await child.collect(input: Array(sql.utf8), limit: 64 << 20, stop: stop)
        guard ending.isSuccess else { throw PostgresFailure.error(doing: "asking \(connection)", ending) }
        do {
            return try output.split(separator: 0).map { try JSONDecoder().decode(Row.self, from: Data($0)) }
        } catch {
            throw BackupError(.bug, "reading an answer of psql", cause: error)
        }
    }

    /// Runs SQL that answers nothing.
    func execute(_ sql: String, database: String) async throws(BackupError) {
        _ = try await ask(sql, database: database, as: Int.self)
    }

    /// A database that every server has, to create, rename and drop others from; and it was that one that answered.
    func maintenanceDatabase() async throws(BackupError) -> String {
        do throws(BackupError) {
            return try await PostgresFacts.read(self, "postgres").database
        } catch  where error.code == .sourceRefused {
            return try await PostgresFacts.read(self, "template1").database
        }
    }
}
