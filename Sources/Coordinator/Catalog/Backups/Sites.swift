package import Foundation
import GRDB
package import Wire

extension Destination {
    /// Where it is, whatever it is called: a bucket, or a directory of this agent. Migration 6 reckons the same.
    func site(of agent: UUID) -> String {
        if let s3 { return "s3:\(s3.bucket)" }
        return "dir:\(agent.text):\(directory?.path ?? "")"
    }
}

/// One folder of a destination that holds copies, and whose they are. Buckets of one name may be two, in two stores.
package struct CopyFolder: Sendable, Hashable {
    package let agent: UUID
    package let site: String
    package let folder: String

    package static func == (one: Self, other: Self) -> Bool {
        one.agent == other.agent && one.site == other.site && one.folder == other.folder
            && one.place.name == other.place.name
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(agent)
        hasher.combine(site)
        hasher.combine(folder)
        hasher.combine(place.name)
    }

    /// The destination as it was last defined.
    package let place: Destination

    /// A folder of this agent at a place, whether or not any copy is known to lie there.
    package init(agent: UUID, place: Destination, folder: String) {
        self.agent = agent
        self.place = place
        self.folder = folder
        site = place.site(of: agent)
    }

    init(agent: UUID, site: String, folder: String, place: Destination) {
        self.agent = agent
        self.site = site
        self.folder = folder
        self.place = place
    }
}

/// One object of a copy as it should lie in its folder.
package struct ExpectedObject: Sendable, Equatable {
    package let backup: UUID
    package let destination: String
    package let bytes: Int64
    package let etag: String
    package let state: CopyState
    package let evidence: CopyEvidence?
}

extension CatalogView {
    /// Every folder that holds a copy which is not deleted. Hosts that were revoked have no directories any more.
    package func copyFolders() throws -> [CopyFolder] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT copy.site, copy.folder, database.agent, max(copy.place) AS place, place.definition
                FROM copy JOIN backup ON backup.id = copy.backup JOIN database ON database.id = backup.database
                    JOIN agent ON agent.id = database.agent JOIN place ON place.id = copy.place
                WHERE copy.state <> 'deleted' AND (copy.isRemote = 1 OR agent.revokedAt IS NULL)
                GROUP BY copy.site, copy.folder, database.agent, place.name ORDER BY copy.site, copy.folder
                """)
        return try rows.map { row in
            CopyFolder(
                agent: try row.requiredUUID("agent"), site: row["site"], folder: row["folder"],
                place: try row.json("definition"))
        }
    }

    /// What should lie in the folder, by name. What is being deleted is left out, and so is what was recorded since `time`.
    package func expectedObjects(in folder: CopyFolder, recordedBefore time: Date) throws -> [String: ExpectedObject] {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT object.name, object.bytes, object.etag, copy.backup, copy.destination, copy.state, copy.evidence
                FROM copy JOIN backup ON backup.id = copy.backup JOIN object USING (backup, destination)
                WHERE copy.site = ? AND copy.folder = ? AND copy.destination = ?
                    AND copy.state NOT IN ('deleted', 'incomplete')
                    AND backup.state NOT IN ('deleting', 'deleted') AND backup.recordedAt < ?
                """, arguments: [folder.site, folder.folder, folder.place.name, time.milliseconds])
        var expected: [String: ExpectedObject] = [:]
        while let row = try rows.next() {
            expected[row["name"]] = ExpectedObject(
                backup: try row.requiredUUID("backup"), destination: row["destination"], bytes: row["bytes"],
                etag: row["etag"], state: try row.word("state"),
                evidence: (row["evidence"] as String?).flatMap(CopyEvidence.init(rawValue:)))
        }
        return expected
    }

    /// Of these names in the folder those that the catalog has never heard of.
    package func unknownNames(_ names: [String], in folder: CopyFolder) throws -> [String] {
        try names.filter { name in
            try
                !(Bool.fetchOne(
                    database,
                    sql: """
                        SELECT EXISTS (SELECT 1 FROM object JOIN copy USING (backup, destination)
                            WHERE object.name = ?1 AND copy.folder = ?2 AND copy.site = ?3)
                            OR EXISTS (SELECT 1 FROM leftover WHERE name = ?1 AND folder = ?2)
                        """, arguments: [name, folder.folder, folder.site]) ?? false)
        }
    }

    /// Another backup, not deleted, that has an object of this name there.
    package func owner(of name: String, site: String, folder: String, otherThan backup: UUID) throws -> UUID? {
        try String.fetchOne(
            database,
            sql: """
                SELECT copy.backup FROM object JOIN copy USING (backup, destination) JOIN backup ON backup.id = copy.backup
                WHERE object.name = ? AND copy.folder = ? AND copy.site = ? AND copy.state <> 'deleted'
                    AND backup.state <> 'deleted' AND copy.backup <> ? LIMIT 1
                """, arguments: [name, folder, site, backup.text]
        ).flatMap(UUID.init(uuidString:))
    }

    /// The same, for every object of a copy. Nil when all of them are this backup's alone.
    package func rival(of copy: CopyRecord, agent: UUID) throws -> (name: String, backup: UUID)? {
        for object in copy.objects {
            let site = copy.place.site(of: agent)
            if let other = try owner(of: object.name, site: site, folder: copy.folder, otherThan: copy.backup) {
                return (object.name, other)
            }
        }
        return nil
    }
}
