package import Domain
import Foundation

/// What a PostgreSQL database is apart from what is in it: `pg_dump` without `--create` leaves all of this out.
///
/// Kept in the manifest, and as a small object of role `database` beside the dump, which `psql` runs before the dump is loaded.
/// Fields are only ever added.
package struct DatabaseProperties: Codable, Sendable, Equatable {
    /// What the database itself is called. Nil in manifests of before.
    package var name: String?
    /// As PostgreSQL names it, such as `UTF8`.
    package var encoding: String
    package var collate: String
    package var ctype: String
    /// Who compares texts: `c` for the system's library, `i` for ICU, `b` for PostgreSQL itself. Up to 14 always `c`.
    package var provider: String
    /// Of ICU or PostgreSQL itself.
    package var locale: String?
    package var icuRules: String?
    /// That of the library whose order the indexes had.
    package var collationVersion: String?
    package var owner: String
    package var tablespace: String
    /// -1 for none.
    package var connectionLimit: Int
    /// Each as `name=value`, for everybody in this database.
    package var settings: [String]
    /// The same for single roles.
    package var roleSettings: [RoleSettings]
    /// Nil for PostgreSQL's own: everybody may connect and make temporary tables.
    package var rights: [Right]?
    package var comment: String?
    package var labels: [Label]
    /// The roles that something in it belongs to or is granted to, the first thousand. Nil in manifests of before.
    package var roles: [String]?

    package struct RoleSettings: Codable, Sendable, Equatable {
        package var role: String
        package var settings: [String]

        package init(role: String, settings: [String]) {
            self.role = role
            self.settings = settings
        }
    }

    /// One privilege on the database.
    package struct Right: Codable, Sendable, Equatable, Hashable {
        /// Nil for everybody.
        package var role: String?
        /// `CONNECT`, `CREATE` or `TEMPORARY`.
        package var privilege: String
        package var isGrantable: Bool

        package init(role: String?, privilege: String, isGrantable: Bool) {
            self.role = role
            self.privilege = privilege
            self.isGrantable = isGrantable
        }
    }

    /// A security label.
    package struct Label: Codable, Sendable, Equatable {
        package var provider: String
        package var label: String
    }
}

extension DatabaseProperties {
    /// What the first line of the stored object begins with; behind it stand the properties as JSON, and in the lines below as SQL.
    private static let mark = "-- Holdfast database properties 1: "
    /// Largest object that is read, in bytes: thousands of settings.
    package static let sizeLimit = 4 << 20

    /// The first line of the stored object.
    package func firstLine() throws(BackupError) -> String {
        do {
            return Self.mark + String(decoding: try JSON.encoder(pretty: false).encode(self), as: UTF8.self)
        } catch {
            throw BackupError(.bug, "encoding a database's properties", cause: error)
        }
    }

    /// Reads a stored object's plain bytes. Throws `.integrity` when they are none.
    package init(decoding bytes: [UInt8]) throws(BackupError) {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        guard line.starts(with: Self.mark.utf8) else {
            throw BackupError(.integrity, "the database's properties are not in their first line")
        }
        do {
            self = try JSON.decoder().decode(Self.self, from: Data(line.dropFirst(Self.mark.utf8.count)))
        } catch {
            throw BackupError(.integrity, "the database's properties cannot be read", cause: error)
        }
        // No text of PostgreSQL's has one, and tools end there.
        guard !texts.contains(where: { $0.utf8.contains(0) }) else {
            throw BackupError(.integrity, "the database's properties hold a NUL")
        }
    }

    private var texts: [String] {
        let single = [encoding, collate, ctype, provider, owner, tablespace]
        let optional = [name, locale, icuRules, collationVersion, comment].compactMap(\.self)
        return single + optional + settings + roleSettings.flatMap { [$0.role] + $0.settings }
            + (roles ?? []) + (rights ?? []).flatMap { [$0.role ?? "", $0.privilege] }
            + labels.flatMap { [$0.provider, $0.label] }
    }
}
