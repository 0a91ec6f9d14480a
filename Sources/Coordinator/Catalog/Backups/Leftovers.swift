package import Foundation
import GRDB
package import Wire

/// An object in a bucket that a run left behind and that is no part of any backup.
package struct Leftover: Sendable, Equatable {
    package let place: Destination
    /// Full key of its folder, ending in a slash.
    package let folder: String
    package let name: String
    /// The full key where its backup's manifest would lie.
    package let manifestKey: String

    package init(place: Destination, folder: String, name: String, manifestKey: String) {
        self.place = place
        self.folder = folder
        self.name = name
        self.manifestKey = manifestKey
    }

    package var key: String { folder + name }
}

extension CatalogView {
    /// What waits to be deleted, oldest first.
    package func leftovers(limit: Int) throws -> [Leftover] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT leftover.*, place.definition FROM leftover JOIN place ON place.id = leftover.place
                ORDER BY leftover.recordedAt, leftover.key LIMIT ?
                """, arguments: [limit]
        ).map {
            Leftover(
                place: try $0.json("definition"), folder: $0["folder"], name: $0["name"],
                manifestKey: $0["manifestKey"])
        }
    }

    /// Whether a backup, whatever became of it, lists this object as its own.
    package func isOfBackup(folder: String, name: String) throws -> Bool {
        try Bool.fetchOne(
            database,
            sql: """
                SELECT EXISTS (SELECT 1 FROM object JOIN copy USING (backup, destination)
                    WHERE object.name = ? AND copy.folder = ?)
                """, arguments: [name, folder]) ?? false
    }
}

extension CatalogUpdate {
    /// Remembers it until ``remove(_:)``. False, and nothing is done, when it is part of a backup.
    package func add(_ leftover: Leftover, at now: Date) throws -> Bool {
        guard try !isOfBackup(folder: leftover.folder, name: leftover.name) else { return false }
        try database.execute(
            sql: """
                INSERT INTO leftover (place, key, folder, name, manifestKey, recordedAt) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING
                """,
            arguments: [
                try placeId(leftover.place, at: now), leftover.key, leftover.folder, leftover.name,
                leftover.manifestKey, now.milliseconds,
            ])
        return true
    }

    package func remove(_ leftover: Leftover, at now: Date) throws {
        try database.execute(
            sql: "DELETE FROM leftover WHERE place = ? AND key = ?",
            arguments: [try placeId(leftover.place, at: now), leftover.key])
    }
}
