import Archive
import Domain

/// What `pg_dumpall --globals-only` writes: statements about roles and tablespaces. They are run by a superuser, so only the
/// forms that it writes are taken, each of which makes or changes one thing and runs nothing.
struct GlobalsText {
    /// What is to be run.
    private(set) var kept: [UInt8] = []
    /// Roles of the backup that are there already: neither they, nor their memberships, are touched.
    private(set) var left = 0
    /// What a stranger's backup is not given, in words.
    private(set) var refused: [String] = []

    /// What may not come from a stranger, and who is there.
    struct Rules {
        var roles: Set<[UInt8]>
        /// False for a backup that is not this host's own.
        var isTrusted: Bool
        /// Settings that every user may change for himself.
        var userSettings: Set<String>
        /// Superusers, and roles that may run programs or read files of the server.
        var privileged: Set<[UInt8]>
    }

    /// Throws `.integrity` for a text that is cut, or that holds anything else.
    init(_ text: [UInt8], _ rules: Rules) throws(BackupError) {
        var cutter = DumpCutter(expecting: .cluster)
        var statements: [ArraySlice<UInt8>] = []
        let result: Result<Void, BackupError> = text.withUnsafeBytes { bytes in
            Result { () throws(BackupError) in
                try cutter.take(bytes) { (piece) throws(BackupError) in
                    guard case .statement(let statement) = piece else {
                        throw BackupError(.integrity, "the roles and tablespaces hold a statement of more than 1 MiB")
                    }
                    statements.append(statement)
                }
            }
        }
        try result.get()
        try cutter.finish()
        for statement in statements { try take(statement, rules) }
    }

    private mutating func take(_ statement: ArraySlice<UInt8>, _ rules: Rules) throws(BackupError) {
        let tokens = SQLTokens(statement)
        guard let subject = Self.subject(tokens) else {
            let beginning = String(decoding: statement.prefix(60).prefix { $0 != UInt8(ascii: "'") }, as: UTF8.self)
            throw BackupError(
                .integrity,
                "the roles and tablespaces hold \"\(beginning)\", which pg_dumpall does not write; nothing was loaded")
        }
        // Those were made for a restore that ran meanwhile.
        if case .role(let role) = subject, role.starts(with: LoadRole.prefix.utf8) { return }
        if case .role(let role) = subject, rules.roles.contains(role) {
            if tokens.begins("create", "role") { left += 1 }
            return
        }
        guard rules.isTrusted else { return try takeForeign(statement, tokens, rules) }
        keep(statement)
    }

    private mutating func keep(_ statement: some Collection<UInt8>) {
        kept += statement
        kept.append(UInt8(ascii: "\n"))
    }

    /// A stranger's roles come without what makes them masters of the server.
    private mutating func takeForeign(
        _ statement: ArraySlice<UInt8>, _ tokens: SQLTokens, _ rules: Rules
    ) throws(BackupError) {
        if tokens.begins("set", "standard_conforming_strings") {
            // With it off psql reads strings otherwise than we do.
            guard tokens.contains("on") else {
                throw BackupError(
                    .integrity, "a stranger's roles and tablespaces change how strings are read; nothing was loaded")
            }
            return keep(statement)
        }
        if tokens.begins("alter", "role"), let set = tokens.all.firstIndex(of: .word(Array("set".utf8))), set < 7 {
            let name = tokens.all.dropFirst(set + 1).first.flatMap(SQLTokens.name) ?? "?"
            guard rules.userSettings.contains(name) else { return refused.append("the setting \(name) of a role") }
        } else if tokens.begins("alter", "role") {
            keep(statement)
            let mighty = ["superuser", "createrole", "replication", "bypassrls"].filter(tokens.contains)
            guard !mighty.isEmpty, case .role(let role)? = Self.subject(tokens) else { return }
            refused.append("\(mighty.joined(separator: ", ")) of the role \(SQLText.shown(role))")
            let quote = UInt8(ascii: "\"")
            let name = [quote] + role.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
            keep(Array("ALTER ROLE ".utf8) + name + Array(" NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS;".utf8))
            return
        } else if tokens.begins("grant"), !tokens.contains("on") {
            let groups = tokens.all.dropFirst().prefix { $0 != .word(Array("to".utf8)) }
            guard !groups.contains(where: { SQLTokens.bytes($0).map(rules.privileged.contains) ?? false }) else {
                return refused.append("membership in a role of a superuser's rights")
            }
        } else if tokens.begins("grant"), tokens.contains("parameter") {
            return refused.append("the right to change a setting of the server")
        } else if tokens.begins("security", "label") {
            return refused.append("a security label")
        }
        keep(statement)
    }

    private enum Subject { case role([UInt8]), other }

    /// What a statement is about; nil for one that is none of pg_dumpall's.
    private static func subject(_ tokens: SQLTokens) -> Subject? {
        guard tokens.isPlain, tokens.all.last == .mark(UInt8(ascii: ";")),
            tokens.all.count(where: { $0 == .mark(UInt8(ascii: ";")) }) == 1
        else { return nil }
        if tokens.begins("create", "role") || tokens.begins("alter", "role") {
            return tokens.all.dropFirst(2).first.flatMap(SQLTokens.bytes).map { .role($0) }
        }
        if tokens.begins("comment", "on", "role") {
            return tokens.all.dropFirst(3).first.flatMap(SQLTokens.bytes).map { .role($0) }
        }
        if tokens.begins("set", "client_encoding") {
            guard case .encoding = StatementKind.encoding(tokens) else { return nil }
            return .other
        }
        if tokens.begins("set", "default_transaction_read_only")
            || tokens.begins("set", "standard_conforming_strings") || tokens.begins("create", "tablespace")
            || tokens.begins("alter", "tablespace") || tokens.begins("comment", "on", "tablespace")
            || tokens.begins("set", "session", "authorization") || tokens.begins("reset", "session", "authorization")
        {
            return .other
        }
        let on = tokens.all.firstIndex(of: .word(Array("on".utf8))).map { tokens.all[($0 + 1)...] } ?? []
        if tokens.begins("security", "label") {
            guard on.first == .word(Array("role".utf8)) else {
                return on.first == .word(Array("tablespace".utf8)) ? .other : nil
            }
            return on.dropFirst().first.flatMap(SQLTokens.bytes).map { .role($0) }
        }
        guard tokens.begins("grant") || tokens.begins("revoke") else { return nil }
        if on.first == .word(Array("tablespace".utf8)) { return .other }
        guard on.isEmpty || on.first == .word(Array("parameter".utf8)),
            let to = tokens.all.firstIndex(where: { $0 == .word(Array("to".utf8)) || $0 == .word(Array("from".utf8)) })
        else { return nil }
        return tokens.all.dropFirst(to + 1).first.flatMap(SQLTokens.bytes).map { .role($0) }
    }
}
