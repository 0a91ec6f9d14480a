import Domain

/// What a statement of a dump is to a load that is not made by a superuser: which of them we do ourselves, when, and which
/// cannot be done. Recognized are only the forms that pg_dump writes; everything else is ``ordinary``, which the load's own
/// role does or cannot do.
enum StatementKind: Equatable {
    case ordinary
    /// `SET client_encoding = '…'`: what the statements' texts are in.
    case encoding(String)
    /// `SET name = …`, of this session.
    case setting(String)
    case makesExtension(name: String, schema: String?)
    /// `COMMENT ON EXTENSION name IS '…'`.
    case describesExtension
    /// `ALTER … OWNER TO role`, and nothing else besides.
    case owner(role: [UInt8])
    /// Rights on objects of the database, and who gives them.
    case rights
    /// Only a superuser can make it, and making it runs nothing.
    case privileged
    /// A foreign table, by its name as it is written, or a user mapping: making it runs nothing, and what stands in its options may be a superuser's
    /// alone (a file or a program, `password_required`).
    case foreign(table: [UInt8]?)
    /// A trigger, and its function's name as it is written: making it runs nothing, and takes the right to run that.
    case trigger(function: [UInt8])
    /// Made last: from then on it is run by whoever changes something, and that must not be us.
    case eventTrigger
    /// Rows that come in a form that pg_dump does not write.
    case foreignRows
    /// `SET client_encoding` to one in which a quote or a backslash can be half a letter, so that psql reads statements otherwise
    /// than we do. No database has one, and pg_dump is asked for the database's own.
    case foreignEncoding

    init(_ statement: some Collection<UInt8>, isTrusted: (_ language: String) -> Bool) {
        let tokens = SQLTokens(statement.prefix(Self.longest))
        self =
            switch true {
            case tokens.begins("copy"): .foreignRows
            case tokens.begins("set", "client_encoding"): Self.encoding(tokens)
            case tokens.begins("set", "session", "authorization"), tokens.begins("reset", "session", "authorization"):
                tokens.isSimple ? .rights : .ordinary
            case tokens.begins("set"): Self.setting(tokens)
            case tokens.begins("create", "extension"): Self.makesExtension(tokens)
            case tokens.begins("comment", "on", "extension"):
                Self.isDescription(tokens) ? .describesExtension : .ordinary
            case tokens.begins("create", "event", "trigger"), tokens.begins("alter", "event", "trigger"),
                tokens.begins("comment", "on", "event", "trigger"):
                .eventTrigger
            case tokens.begins("alter", "default", "privileges"): tokens.isSimple ? .rights : .ordinary
            case tokens.begins("alter"): Self.owner(tokens)
            case tokens.begins("grant"), tokens.begins("revoke"): tokens.isGrantOnObject ? .rights : .ordinary
            case tokens.begins("create", "foreign", "table"):
                Self.foreignTable(tokens).map { .foreign(table: $0) } ?? .ordinary
            case tokens.begins("create", "trigger"), tokens.begins("create", "constraint", "trigger"):
                Self.triggerFunction(tokens).map { .trigger(function: $0) } ?? .ordinary
            case tokens.begins("create", "user", "mapping"): .foreign(table: nil)
            case tokens.begins("create"): Self.isPrivileged(tokens, isTrusted) ? .privileged : .ordinary
            default: .ordinary
            }
    }

    /// What says the kind stands at the beginning.
    private static let longest = 64 << 10

    static func encoding(_ tokens: SQLTokens) -> StatementKind {
        guard tokens.all.count == 5, case .string(let text) = tokens.all[3],
            let name = String(validating: text.dropFirst().dropLast(), as: UTF8.self), databaseEncodings.contains(name)
        else { return .foreignEncoding }
        return .encoding(name)
    }

    /// What a database can be in, as `pg_encoding_to_char` names it: in all of these each byte below 128 is a letter of its own
    /// (PostgreSQL's documentation, "Character Set Support").
    static let databaseEncodings: Set = [
        "SQL_ASCII", "UTF8", "MULE_INTERNAL", "EUC_CN", "EUC_JP", "EUC_JIS_2004", "EUC_KR", "EUC_TW", "ISO_8859_5",
        "ISO_8859_6", "ISO_8859_7", "ISO_8859_8", "KOI8R", "KOI8U", "LATIN1", "LATIN2", "LATIN3", "LATIN4", "LATIN5",
        "LATIN6", "LATIN7", "LATIN8", "LATIN9", "LATIN10", "WIN866", "WIN874", "WIN1250", "WIN1251", "WIN1252",
        "WIN1253", "WIN1254", "WIN1255", "WIN1256", "WIN1257", "WIN1258",
    ]

    private static func setting(_ tokens: SQLTokens) -> StatementKind {
        guard tokens.all.count == 5, case .word(let name) = tokens.all[1], tokens.all[2] == .mark(UInt8(ascii: "=")),
            tokens.all[4] == .mark(UInt8(ascii: ";"))
        else { return .ordinary }
        return .setting(String(decoding: name, as: UTF8.self))
    }

    /// `CREATE EXTENSION [IF NOT EXISTS] name [WITH SCHEMA schema];`
    private static func makesExtension(_ tokens: SQLTokens) -> StatementKind {
        var rest = tokens.all.dropFirst(2)[...]
        if tokens.begins("create", "extension", "if", "not", "exists") { rest = rest.dropFirst(3) }
        guard let name = rest.popFirst().flatMap(SQLTokens.name) else { return .ordinary }
        var schema: String?
        if rest.count == 4, rest.first == .word(Array("with".utf8)) {
            rest = rest.dropFirst(2)
            schema = rest.popFirst().flatMap(SQLTokens.name)
            guard schema != nil else { return .ordinary }
        }
        return rest.elementsEqual([.mark(UInt8(ascii: ";"))]) ? .makesExtension(name: name, schema: schema) : .ordinary
    }

    private static func isDescription(_ tokens: SQLTokens) -> Bool {
        guard tokens.all.count == 7, SQLTokens.name(tokens.all[3]) != nil, tokens.all[4] == .word(Array("is".utf8)),
            case .string = tokens.all[5]
        else { return false }
        return tokens.all[6] == .mark(UInt8(ascii: ";"))
    }

    /// What may be given an owner, by the words behind ALTER.
    private static let owned: [[String]] = [
        ["aggregate"], ["collation"], ["conversion"], ["domain"], ["foreign", "data", "wrapper"], ["foreign", "table"],
        ["function"], ["language"], ["large", "object"], ["materialized", "view"], ["operator", "class"],
        ["operator", "family"], ["operator"], ["procedural", "language"], ["procedure"], ["publication"], ["routine"],
        ["schema"], ["sequence"], ["server"], ["statistics"], ["subscription"], ["table"],
        ["text", "search", "configuration"], ["text", "search", "dictionary"], ["type"], ["view"],
    ]

    /// Nothing but a name, what tells apart objects of one name, and the owner: an `ALTER TABLE` can do other things besides.
    private static func owner(_ tokens: SQLTokens) -> StatementKind {
        let kind = owned.first { words in
            tokens.all.dropFirst().prefix(words.count).elementsEqual(words.map { .word(Array($0.utf8)) })
        }
        guard let kind, tokens.isSimple, let outer = tokens.outer(from: 1 + kind.count), outer.count >= 5 else {
            return .ordinary
        }
        let end = outer.suffix(4)
        guard end.starts(with: [.word(Array("owner".utf8)), .word(Array("to".utf8))]),
            end.last == .mark(UInt8(ascii: ";")), let role = end.dropLast().last, Self.isName(role)
        else { return .ordinary }
        var name = outer.dropLast(4)[...]
        if kind == ["operator", "class"] || kind == ["operator", "family"] {
            // name USING method
            guard name.count > 2, name.dropLast().last == .word(Array("using".utf8)) else { return .ordinary }
            name = name.dropLast(2)
        }
        // Names, joined by dots; an operator's last part is made of marks.
        let isOperator = kind == ["operator"]
        var isPart = true
        for token in name {
            let isDot = token == .mark(UInt8(ascii: "."))
            if isPart {
                if isOperator, case .mark = token, !isDot { continue }
                guard Self.isName(token) else { return .ordinary }
            } else if !isDot {
                return .ordinary
            }
            isPart.toggle()
        }
        return SQLTokens.bytes(role).map { .owner(role: $0) } ?? .ordinary
    }

    /// `CREATE FOREIGN TABLE schema.name (`
    private static func foreignTable(_ tokens: SQLTokens) -> [UInt8]? {
        let parts = tokens.all.dropFirst(3).prefix(4)
        guard parts.count == 4, parts[4] == .mark(UInt8(ascii: ".")), parts[6] == .mark(UInt8(ascii: "(")),
            let schema = written(parts[3]), let name = written(parts[5])
        else { return nil }
        return schema + [UInt8(ascii: ".")] + name
    }

    /// `… EXECUTE FUNCTION schema.name(…);`
    private static func triggerFunction(_ tokens: SQLTokens) -> [UInt8]? {
        guard let execute = tokens.all.lastIndex(of: .word(Array("execute".utf8))) else { return nil }
        let parts = tokens.all[execute...].dropFirst(2).prefix(4)
        guard parts.count == 4, let first = parts.first, let schema = written(first),
            let name = written(parts[execute + 4]), parts[execute + 3] == .mark(UInt8(ascii: ".")),
            parts[execute + 5] == .mark(UInt8(ascii: "("))
        else { return nil }
        return schema + [UInt8(ascii: ".")] + name
    }

    /// A name with its quotes.
    private static func written(_ token: SQLTokens.Token) -> [UInt8]? {
        switch token {
        case .word(let bytes), .quoted(let bytes): bytes
        default: nil
        }
    }

    private static func isName(_ token: SQLTokens.Token) -> Bool {
        switch token {
        case .word(let bytes), .quoted(let bytes): !bytes.isEmpty
        default: false
        }
    }

    private static func isPrivileged(_ tokens: SQLTokens, _ isTrusted: (String) -> Bool) -> Bool {
        if tokens.begins("create", "operator", "class") || tokens.begins("create", "operator", "family")
            || tokens.begins("create", "text", "search", "parser")
            || tokens.begins("create", "text", "search", "template")
            || tokens.begins("create", "access", "method") || tokens.begins("create", "foreign", "data", "wrapper")
            || tokens.begins("create", "subscription") || tokens.begins("create", "language")
            || tokens.begins("create", "or", "replace", "procedural", "language")
            || tokens.begins("create", "procedural", "language") || tokens.begins("create", "transform")
        {
            return true
        }
        if tokens.begins("create", "cast") { return tokens.contains("without") }
        if tokens.begins("create", "publication") { return tokens.contains("all") || tokens.contains("schema") }
        // A shell type, or a base type: enums, ranges and rows are `CREATE TYPE … AS`.
        if tokens.begins("create", "type") {
            return !(tokens.outer(from: 2)?.contains(.word(Array("as".utf8))) ?? true)
        }
        guard tokens.begins("create", "function") || tokens.begins("create", "procedure") else { return false }
        return isPrivilegedRoutine(tokens, isTrusted)
    }

    private static func isPrivilegedRoutine(_ tokens: SQLTokens, _ isTrusted: (String) -> Bool) -> Bool {
        var depth = 0
        var header: [SQLTokens.Token] = []
        for token in tokens.all {
            if token == .mark(UInt8(ascii: "(")) { depth += 1 }
            if token == .mark(UInt8(ascii: ")")) { depth -= 1 }
            guard token != .other, depth > 0 || token != .word(Array("as".utf8)) else { break }
            if depth == 0 { header.append(token) }
        }
        guard let at = header.firstIndex(of: .word(Array("language".utf8))), at + 1 < header.count,
            let language = SQLTokens.name(header[at + 1])
        else { return false }
        let attributes = header[(at + 2)...]
        return !isTrusted(language) || attributes.contains(.word(Array("leakproof".utf8)))
            || attributes.contains(.word(Array("support".utf8)))
    }
}

extension SQLTokens {
    /// One statement without strings and bodies.
    fileprivate var isSimple: Bool {
        isPlain && all.last == .mark(UInt8(ascii: ";"))
            && !all.contains {
                if case .string = $0 { true } else { false }
            } && all.count(where: { $0 == .mark(UInt8(ascii: ";")) }) == 1
    }

    /// `GRANT … ON kind name … TO …` of something that lies in this database.
    fileprivate var isGrantOnObject: Bool {
        guard isSimple, let on = all.firstIndex(of: .word(Array("on".utf8))) else { return false }
        let kinds = [
            ["table"], ["sequence"], ["function"], ["procedure"], ["routine"], ["schema"], ["type"], ["language"],
            ["foreign", "data", "wrapper"], ["foreign", "server"], ["large", "object"], ["domain"],
        ]
        return kinds.contains { words in
            all.dropFirst(on + 1).prefix(words.count).elementsEqual(words.map { .word(Array($0.utf8)) })
        }
    }
}
