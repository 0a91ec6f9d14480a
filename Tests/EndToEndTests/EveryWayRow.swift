import Foundation
import TestSupport

/// A database, SQLite file or tree that is taken every way, in one format and with one codec.
struct EveryWayRow: Sendable {
    enum Subject: Sendable {
        /// Makes the database, of that name, on that cluster.
        case postgres(format: String, make: @Sendable (PostgresCluster, String) async throws -> Void)
        /// Makes the file.
        case sqlite(make: @Sendable (URL) async throws -> Void)
        /// Makes the folder.
        case tree(make: @Sendable (URL) async throws -> Void)
    }

    let name: String
    var codec = "gzip"
    let subject: Subject

    var format: String {
        switch subject {
        case .postgres(let format, _): "\(format), \(codec)"
        case .sqlite: "file, \(codec)"
        case .tree: "tree, \(codec)"
        }
    }

    /// As what it is declared.
    var entry: String {
        let words = if case .postgres(let format, _) = subject { [name, format, codec] } else { [name, codec] }
        return words.joined(separator: "_").replacing(/[^A-Za-z0-9_]/, with: "_").lowercased()
    }

    /// What its database is called, which need not be the same.
    var database: String {
        if case .postgres("custom", _) = subject { "db_" + entry } else { entry }
    }

    /// Of the three in `truth.py`.
    var kind: String {
        switch subject {
        case .postgres: "postgres"
        case .sqlite: "sqlite"
        case .tree: "tree"
        }
    }

    /// One line of `agent.yaml`, for the host whose files lie in that folder.
    func declaration(_ cluster: PostgresCluster, _ folder: URL) -> String {
        let source =
            switch subject {
            case .postgres(let format, _): "url: \"\(cluster.url(database: database))\", format: \(format)"
            case .sqlite: "sqlite: \(folder.appending(path: entry + ".db").path)"
            case .tree: "application: { paths: [\(folder.appending(path: entry).path)] }"
            }
        return "  - { name: \(entry), labels: { codec: \(codec) }, \(source) }\n"
    }
}

/// Runs a program of the test's own and throws with what it said unless it exits 0.
@discardableResult
func ran(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], folder: URL? = nil
) async throws -> String {
    let output = try await ProgramOutput.of(program, arguments, environment: environment, folder: folder)
    guard output.status == 0 else {
        throw ServerFailure("\(program) \(arguments.joined(separator: " ").prefix(300)): \(output.error)")
    }
    return output.text
}
