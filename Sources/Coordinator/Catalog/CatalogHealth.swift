import Domain
import Synchronization

/// What keeps the catalog from being read or written: the coordinator's own trouble, and never that of whoever sent something.
package struct CatalogTrouble: Sendable, Equatable {
    /// What it is of; one of a kind counts at a time.
    package enum Kind: String, Sendable, CaseIterable { case full, damaged, unavailable }

    package let kind: Kind
    /// For people: cause first, then what to do.
    package let words: String
}

/// How the catalog is, in memory: it has to be known when nothing can be written any more.
package final class CatalogHealth: Sendable {
    private struct State {
        var troubles: [CatalogTrouble.Kind: CatalogTrouble] = [:]
        var unwritten: [String: IncidentCondition] = [:]
    }

    private let state = Mutex(State())
    /// Conditions that are kept at most.
    private static let most = 200

    /// What is wrong now. That of a disk ends with the next write that succeeds, damage only with the process: who meets the
    /// damaged page next is only a matter of time.
    package var troubles: [CatalogTrouble] {
        state.withLock { state in CatalogTrouble.Kind.allCases.compactMap { state.troubles[$0] } }
    }

    /// Incidents that were to be opened by a write that failed, one of a key; they are given out once.
    package func takeUnwritten() -> [IncidentCondition] {
        state.withLock { state in
            defer { state.unwritten = [:] }
            return state.unwritten.values.sorted { $0.key < $1.key }
        }
    }

    func note(_ trouble: CatalogTrouble, unwritten: [IncidentCondition]) {
        state.withLock { state in
            state.troubles[trouble.kind] = trouble
            for condition in unwritten where state.unwritten.count < Self.most || state.unwritten[condition.key] != nil
            {
                state.unwritten[condition.key] = condition
            }
        }
    }

    func noteWritten() {
        state.withLock { state in
            guard !state.troubles.isEmpty else { return }
            state.troubles[.full] = nil
            state.troubles[.unavailable] = nil
        }
    }
}

/// The incidents that one transaction opens.
final class OpenedConditions: Sendable {
    private let conditions = Mutex<[IncidentCondition]>([])

    var all: [IncidentCondition] { conditions.withLock { $0 } }

    func add(_ condition: IncidentCondition) { conditions.withLock { $0.append(condition) } }
}

/// A row that says what no Holdfast wrote: the file is damaged, though SQLite can read it.
struct DamagedRow: Error {
    let words: String
}
