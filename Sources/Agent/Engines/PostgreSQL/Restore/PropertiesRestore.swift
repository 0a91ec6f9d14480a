import Archive
import Domain

/// Gives a restored database what it was itself: settings, rights, comment, and compares all of it afterwards.
struct PropertiesRestore {
    let properties: DatabaseProperties
    let session: PostgresSession
    /// The new database.
    let database: String
    let maintenance: String
    /// Of a backup of this host's own, or one that is trusted. Of a stranger's only what says nothing to anybody's session is taken.
    let isTrusted: Bool
    /// What could not be made as it was when the database was, and is told already.
    let told: [String]

    struct Outcome {
        /// In words for the operator.
        var remarks: [String] = []
        /// What could not be made as it was, each with its reason.
        var failures: [String] = []
    }

    /// To be run once the database has its owner.
    func run() async throws(BackupError) -> Outcome {
        var outcome = Outcome()
        let all = properties.statements(for: database)
        let taken = all.filter { isTrusted || $0.isHarmless }
        if taken.count < all.count {
            outcome.remarks.append(
                "\(all.count - taken.count) of the database's own settings and rights were not given: the backup is not this host's "
                    + "own (--trust-origin gives them)")
        }
        if isTrusted {
            do throws(BackupError) {
                let reset = DatabaseProperties.reset(database) + ";"
                try await session.run(Array(reset.utf8), encoding: "UTF8", database: maintenance)
            } catch {
                // Whoever may not do that may not do what follows; settings that stay are told below.
                guard error.code == .sourceRefused else { throw error }
            }
        }
        for statement in taken {
            do throws(BackupError) {
                try await session.run(Array(statement.sql.utf8), encoding: "UTF8", database: maintenance)
            } catch {
                guard error.code == .sourceRefused else { throw error }
                outcome.failures.append("\(statement.words): \(error.message)")
            }
        }
        guard let now = try await DatabaseProperties.read(session, of: database, from: maintenance) else {
            throw BackupError(.sourceUnavailable, "the database \"\(database)\" is gone")
        }
        let differing = now.differences(from: properties, isTrusted: isTrusted)
        // What a statement failed at is told with its reason already.
        if outcome.failures.isEmpty, told.isEmpty { outcome.failures = differing }
        if outcome.failures.isEmpty, told.isEmpty {
            outcome.remarks.append(
                "the database's own encoding, locale\(isTrusted ? ", settings and rights" : "") are as they were")
        }
        if let version = now.collationVersion, let before = properties.collationVersion, version != before {
            outcome.remarks.append(
                "texts are ordered by version \(version) of the collation library, and were by \(before): indexes were built anew, "
                    + "but what relies on the order (partitions by text ranges) should be looked at")
        }
        return outcome
    }
}

extension DatabaseProperties {
    /// Where this one is not what `wanted` says, in words.
    fileprivate func differences(from wanted: Self, isTrusted: Bool) -> [String] {
        var found: [String] = []
        func compare(_ what: String, _ here: String?, _ there: String?) {
            guard here != there else { return }
            found.append("the database's \(what) is \(here ?? "none") and was \(there ?? "none")")
        }
        compare("encoding", encoding, wanted.encoding)
        compare("locale", localeWords, wanted.localeWords)
        compare("comment", comment, wanted.comment)
        guard isTrusted else { return found }
        compare("connection limit", "\(connectionLimit)", "\(wanted.connectionLimit)")
        compare("owner", owner, wanted.owner)
        compare("tablespace", tablespace, wanted.tablespace)
        compare("settings", Self.list(settings), Self.list(wanted.settings))
        compare(
            "settings of roles", Self.list(roleSettings.map { "\($0.role): \(Self.list($0.settings))" }),
            Self.list(wanted.roleSettings.map { "\($0.role): \(Self.list($0.settings))" }))
        compare("rights", Self.list(rightsWords), Self.list(wanted.rightsWords))
        compare(
            "security labels", Self.list(labels.map { "\($0.provider): \($0.label)" }),
            Self.list(wanted.labels.map { "\($0.provider): \($0.label)" }))
        return found
    }

    private var localeWords: String {
        let words = [provider == "i" ? "ICU" : provider == "b" ? "builtin" : "libc", locale, collate, ctype, icuRules]
        return words.compactMap(\.self).joined(separator: " ")
    }

    private var rightsWords: [String] {
        effectiveRights.map {
            "\($0.privilege) to \($0.role ?? "everybody")\($0.isGrantable ? " with grant option" : "")"
        }
    }

    private static func list(_ words: [String]) -> String {
        words.isEmpty ? "none" : words.sorted().joined(separator: ", ")
    }
}
