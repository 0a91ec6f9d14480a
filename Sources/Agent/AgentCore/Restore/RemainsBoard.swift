import Domain
import Engines
import Foundation
package import Wire

/// What restores keep here, as it was last looked at, for the coordinator to be told.
actor RemainsBoard {
    private(set) var remains: [Remain]?
    /// It may be another by now.
    private(set) var isStale = false

    private static let most = 100

    func replace(_ items: [RestoreRemains.Item]) { remains = items.prefix(Self.most).map(\.view) }

    func lookAgain() { isStale = true }

    /// Whether it was asked for since the last time.
    func takeStale() -> Bool {
        defer { isStale = false }
        return isStale
    }
}

extension RestoreRemains.Item {
    /// As it is told.
    package var view: Remain {
        Remain(
            restore: record.id, kind: kind.rawValue, what: thing.kind.rawValue, name: thing.name,
            database: record.database,
            bytes: bytes, since: since, by: record.words, obstacle: obstacle)
    }
}
