package import Foundation
import GRDB
package import Wire

/// A `fleet.yaml` as it was applied.
package struct AppliedFleet: Sendable, Equatable {
    package let revision: Int64
    package let yaml: String
    package let fileName: String
    package let appliedAt: Date
}

extension CatalogView {
    /// What was applied last; nil while the embedded default stands.
    package func appliedFleet() throws -> AppliedFleet? {
        try Row.fetchOne(database, sql: "SELECT * FROM fleet ORDER BY revision DESC LIMIT 1").map { row in
            AppliedFleet(
                revision: row["revision"], yaml: row["yaml"], fileName: row["fileName"],
                appliedAt: row.requiredDate("appliedAt"))
        }
    }

    /// Every definition that the destination of this name ever had, newest first.
    package func places(named name: String) throws -> [Destination] {
        try Row.fetchAll(
            database, sql: "SELECT definition FROM place WHERE name = ? ORDER BY seenAt DESC, id DESC",
            arguments: [name]
        ).map { try $0.json("definition") }
    }

    package func setting(_ name: String) throws -> String? {
        try String.fetchOne(database, sql: "SELECT value FROM setting WHERE name = ?", arguments: [name])
    }
}

extension CatalogUpdate {
    package func addFleet(yaml: String, fileName: String, by actor: String, at now: Date) throws {
        try database.execute(
            sql: "INSERT INTO fleet (yaml, fileName, appliedAt, appliedBy) VALUES (?, ?, ?, ?)",
            arguments: [yaml, fileName, now.milliseconds, actor])
    }

    /// Remembers a destination's definition for the copies that will lie there.
    package func addPlace(_ destination: Destination, at now: Date) throws {
        _ = try placeId(destination, at: now)
        try database.execute(
            sql: "UPDATE place SET seenAt = ? WHERE name = ? AND definition = ?",
            arguments: [now.milliseconds, destination.name, try JSONColumn.encode(destination)])
    }

    package func set(_ value: String, for name: String) throws {
        try database.execute(
            sql:
                "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            arguments: [name, value])
    }

    package func removeSetting(_ name: String) throws {
        try database.execute(sql: "DELETE FROM setting WHERE name = ?", arguments: [name])
    }

    /// Notes who did what. Details hold no secrets.
    package func audit(_ actor: String, _ action: String, _ subject: String, detail: String = "", at now: Date) throws {
        try database.execute(
            sql: "INSERT INTO audit (at, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)",
            arguments: [now.milliseconds, actor, action, subject, detail])
    }

    func placeId(_ destination: Destination, at now: Date) throws -> Int64 {
        let definition = try JSONColumn.encode(destination)
        try database.execute(
            sql: "INSERT INTO place (name, definition, seenAt) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [destination.name, definition, now.milliseconds])
        return try Int64.fetchOne(
            database, sql: "SELECT id FROM place WHERE name = ? AND definition = ?",
            arguments: [destination.name, definition]) ?? 0
    }
}

extension CatalogView {
    /// The newest audit entries as text: time, actor, action, subject, detail.
    package func auditTrail(limit: Int) throws -> [String] {
        try Row.fetchAll(database, sql: "SELECT * FROM audit ORDER BY id DESC LIMIT ?", arguments: [limit]).map { row in
            "\(row["at"] as Int64) \(row["actor"] as String) \(row["action"] as String) "
                + "\(row["subject"] as String) \(row["detail"] as String)"
        }
    }
}
