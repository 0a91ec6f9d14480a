package import Foundation
import GRDB
package import Wire

/// Something that lies in a folder of ours and that the catalog does not know.
package struct Stray: Sendable, Equatable {
    package let place: Destination
    package let agent: UUID
    /// Full key.
    package let key: String
    /// A manifest: a whole backup may lie with it.
    package let isManifest: Bool
    package let bytes: Int64
    package var firstSeenAt: Date
    package var lastSeenAt: Date

    package init(place: Destination, agent: UUID, key: String, isManifest: Bool, bytes: Int64, at now: Date) {
        self.place = place
        self.agent = agent
        self.key = key
        self.isManifest = isManifest
        self.bytes = bytes
        firstSeenAt = now
        lastSeenAt = now
    }
}

/// How many there are in one place of one agent, of those that were seen for long enough to be no work under way.
package struct StrayCount: Sendable, Equatable {
    package let place: String
    package let agent: UUID
    package let manifests: Int
    package let others: Int
    package let bytes: Int64
    /// The first of the manifests, or else of the others.
    package let example: String
}

extension CatalogView {
    /// Those that were first seen before `time`.
    package func strayCounts(firstSeenBefore time: Date) throws -> [StrayCount] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT place.name, stray.agent, total(isManifest) AS manifests, count(*) AS number,
                    CAST(total(bytes) AS INTEGER) AS bytes,
                    coalesce(min(CASE WHEN isManifest THEN key END), min(key)) AS example
                FROM stray JOIN place ON place.id = stray.place WHERE firstSeenAt < ?
                GROUP BY place.name, stray.agent ORDER BY place.name, stray.agent
                """, arguments: [time.milliseconds]
        ).map { row in
            let manifests = Int(row["manifests"] as Double)
            return StrayCount(
                place: row["name"], agent: try row.requiredUUID("agent"), manifests: manifests,
                others: (row["number"] as Int) - manifests, bytes: row["bytes"], example: row["example"])
        }
    }
}

extension CatalogUpdate {
    /// What lies in the folder now; those that do not lie there any more are forgotten.
    package func setStrays(_ strays: [Stray], in folder: CopyFolder, at now: Date) throws {
        let place = try placeId(folder.place, at: now)
        for stray in strays {
            try database.execute(
                sql: """
                    INSERT INTO stray (place, agent, key, isManifest, bytes, firstSeenAt, lastSeenAt)
                    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET bytes = excluded.bytes,
                        lastSeenAt = excluded.lastSeenAt
                    """,
                arguments: [
                    place, stray.agent.text, stray.key, stray.isManifest, stray.bytes, stray.firstSeenAt.milliseconds,
                    now.milliseconds,
                ])
        }
        try database.execute(
            sql: """
                DELETE FROM stray WHERE place = ? AND agent = ? AND substr(key, 1, length(?3)) = ?3 AND lastSeenAt < ?
                """, arguments: [place, folder.agent.text, folder.folder, now.milliseconds])
    }
}
