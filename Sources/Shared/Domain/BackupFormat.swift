/// What an engine's output is, before codec and encryption. The raw value is the word in manifests.
package enum ObjectFormat: String, Codable, Sendable, CaseIterable {
    /// SQL text of `pg_dump` or `pg_dumpall`.
    case plain
    /// `pg_dump --format=custom`, uncompressed.
    case custom
    /// One SQLite database file.
    case sqlite
    /// One POSIX tar.
    case tar

    /// The file name suffix that says so.
    package var suffix: String {
        switch self {
        case .plain: ".sql"
        case .custom: ".dump"
        case .sqlite: ".db"
        case .tar: ".tar"
        }
    }
}

/// What one object is to its backup. The raw value is the word in manifests.
package enum ObjectRole: String, Codable, Sendable, CaseIterable {
    case dump
    /// PostgreSQL's roles and tablespaces.
    case globals
    /// What a PostgreSQL database is apart from its contents: encoding, locale, owner, settings, rights.
    case database
    case archive

    /// Whether it is what was to be backed up, and not only goes with it.
    package var isContents: Bool { self == .dump || self == .archive }

    /// What its name has behind the stem of its backup.
    package var suffix: String {
        switch self {
        case .globals: "_globals"
        case .database: "_database"
        case .dump, .archive: ""
        }
    }
}

/// How an object is compressed. The raw value is the word in manifests and policies.
package enum Compression: String, Codable, Sendable, CaseIterable {
    case gzip, zstd, none

    /// The file name suffix that says so.
    package var suffix: String {
        switch self {
        case .gzip: ".gz"
        case .zstd: ".zst"
        case .none: ""
        }
    }
}
