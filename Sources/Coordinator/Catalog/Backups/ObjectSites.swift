package import Foundation
import GRDB
package import Wire

/// Where an object of one name lies.
package struct ObjectSite: Sendable, Equatable {
    package let backup: UUID
    package let place: Destination
    /// Ends in a slash.
    package let folder: String
}

extension CatalogView {
    /// Where objects and manifests of this name lie, of backups that are not deleted, newest first and at most 1000. `folder` is what
    /// the folder ends in, or what ends in the folder; empty for any.
    package func objectSites(named name: String, folder: String) throws -> [ObjectSite] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT DISTINCT backup.id, backup.recordedAt, copy.folder, place.definition
                FROM object JOIN copy ON copy.backup = object.backup AND copy.destination = object.destination
                    JOIN place ON place.id = copy.place JOIN backup ON backup.id = object.backup
                WHERE object.name = ?1 AND backup.state <> 'deleted' AND copy.state <> 'deleted'
                    AND (?2 = '' OR substr(?2, -length(copy.folder)) = copy.folder
                        OR substr(copy.folder, -length(?2)) = ?2)
                ORDER BY backup.recordedAt DESC, backup.id LIMIT 1000
                """, arguments: [name, folder]
        ).map { row in
            ObjectSite(
                backup: try row.requiredUUID("id"), place: try row.json("definition"), folder: row["folder"])
        }
    }
}
