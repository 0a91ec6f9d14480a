import ArgumentParser
import CoordinatorClient
import Daemon
import Domain
import Foundation
import Wire

/// What a shell offers at TAB: the names and ids that the coordinator knows.
///
/// Nothing is said, ever: where no coordinator is known, or it refuses, or does not answer in time, nothing is offered.
enum Offered {
    /// So long it may take to answer, in seconds.
    private static let patience = 2
    /// So many at most.
    private static let most = 1000

    static var agents: CompletionKind {
        asking { client, _ in try await client.agents().map { CompletionWord($0.name, note: $0.state.rawValue) } }
    }

    /// Agents that a catalog which was made anew does not know.
    static var strangers: CompletionKind {
        asking { client, _ in
            try await client.catalogState().strangers.map { CompletionWord($0.name ?? ShortID.full($0.id)) }
        }
    }

    /// Of the agent that the line names, or of all.
    static var databases: CompletionKind {
        asking { client, line in
            let known = try await client.databases(agent: line.value(of: "--agent"))
            return Set(known.map(\.name.rawValue)).sorted().map { CompletionWord($0) }
        }
    }

    /// The newest, of the agent and the database that the line names, or of all.
    static var backups: CompletionKind {
        asking { client, line in
            let query = BackupQuery(
                database: line.value(of: "--database"), agent: line.value(of: "--agent"), limit: most)
            return try await client.backups(query).map { backup in
                CompletionWord(
                    ShortID.text(backup.id),
                    note: "\(backup.database) from \(backup.agent), \(Quantity.time(backup.dataAsOf)), \(backup.state)")
            }
        }
    }

    static var runs: CompletionKind {
        asking { client, _ in
            try await client.agents().flatMap(\.running).map { run in
                CompletionWord(ShortID.text(run.id), note: "\(run.database) on \(run.agent)")
            }
        }
    }

    static var destinations: CompletionKind {
        asking { client, _ in try await client.destinations().map { CompletionWord($0.name) } }
    }

    static var alerts: CompletionKind {
        asking { client, _ in
            try await client.alerts(limit: 200).map { CompletionWord(String($0.id), note: $0.title) }
        }
    }

    static var tokens: CompletionKind {
        asking { client, _ in
            try await client.tokens().filter { !$0.revoked }.map { CompletionWord($0.id, note: $0.name ?? "") }
        }
    }

    private static func asking(
        _ words: @escaping @Sendable (OperatorClient, TypedLine) async throws -> [CompletionWord?]
    ) -> CompletionKind {
        .custom { line, _, _ in
            // Where even giving up hangs, as a resolver may.
            Task.detached {
                try await Task.sleep(for: .seconds(patience + 1))
                _exit(0)
            }
            let shell = CompletionShell.requesting?.rawValue
            do {
                let client = try OperatorContext.current().client().hurried(seconds: patience)
                return try await words(client, TypedLine(words: line)).compactMap { $0?.written(for: shell) }
            } catch {
                return []
            }
        }
    }
}

/// The words of a command line as they stand in the shell, quotes and all.
struct TypedLine: Sendable {
    let words: [String]

    /// The value of an option that is typed to its end; nil without one, and for one in quotes, which only the shell can read.
    func value(of option: String) -> String? {
        guard let index = words.firstIndex(of: option), words.indices.contains(index + 1) else { return nil }
        let value = words[index + 1]
        return value.wholeMatch(of: /[A-Za-z0-9_.:@%+][A-Za-z0-9_.:@%+-]*/) == nil ? nil : value
    }
}
