package import Domain
package import Engines
package import Foundation

/// What is remembered of one restore on this host: what it makes until it is whole, and what it keeps beside afterwards.
package struct RestoreRecord: Codable, Sendable, Equatable {
    package let id: UUID
    /// As `agent.yaml` or the backup calls it.
    package let database: DatabaseName
    package let kind: DatabaseKind
    /// What is restored and by whom, in words.
    package let words: String
    /// Where PostgreSQL was reached, without a password; nil for files.
    package let server: String?
    package let beganAt: Date
    /// What lies about while it is at work, in the order in which it was made.
    package var made: [RestoreThing] = []
    /// All is loaded and checked: what it made is kept, whatever comes.
    package var isLoaded = false
    /// What was replaced, under the name that it has now.
    package var kept: RestoreThing?
    package var keptAt: Date?

    package init(
        id: UUID, database: DatabaseName, kind: DatabaseKind, words: String, server: String? = nil, beganAt: Date
    ) {
        self.id = id
        self.database = database
        self.kind = kind
        self.words = words
        self.server = server
        self.beganAt = beganAt
    }

    init(id: UUID, _ engine: any Engine, words: String, at time: Date) {
        let server = (engine as? PostgresEngine).map { "\($0.connection)" }
        self.init(id: id, database: engine.name, kind: engine.kind, words: words, server: server, beganAt: time)
    }

    mutating func take(_ step: RestoreStep, at time: Date) {
        switch step {
        case .makes(let thing):
            if let place = made.firstIndex(where: { $0.kind == thing.kind && $0.name == thing.name }) {
                made[place] = thing
            } else {
                made.append(thing)
            }
        case .loaded: isLoaded = true
        case .setsAside(let thing): (kept, keptAt) = (thing, time)
        }
    }

    /// Whether nothing of it can be anywhere.
    var isEmpty: Bool { made.isEmpty && kept == nil }
}

extension RestoreThing {
    /// Whether its name is one that only restores and rehearsals give, which nobody takes for a database that is in use.
    var hasScratchName: Bool {
        switch kind {
        case .database:
            name.firstMatch(of: /_(?:rehearsed|restoring)_[0-9]{8}_[0-9]{6}$/) != nil
                || name.wholeMatch(of: /holdfast_maintenance_[0-9a-f]{8}/) != nil
        case .role: name.wholeMatch(of: /holdfast_load_[0-9a-f]{12}/) != nil
        case .file, .folder: name.firstMatch(of: /\.[0-9]{8}_[0-9]{6}\.partial$/) != nil
        }
    }
}
