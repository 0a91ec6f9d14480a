import Archive
import Domain
import Foundation
import Glibc
import Threads

/// Hands a dump to psql statement by statement, and decides what is not handed on: what a load without a superuser's rights
/// leaves to us, and rows for which there is no table, which psql would take for statements.
///
/// Around the dump stands a `\restrict` of ours (where psql knows it), under which psql runs no command of its own, whatever
/// the dump holds and however it was meant to be read. Used by one thread, which waits for psql's answers.
final class DumpFeed {
    /// What only a superuser can do is done apart from the dump.
    struct Apart: Sendable {
        /// The dump is this host's own: what a superuser made there may be made by a superuser here.
        let isOwnOrigin: Bool
        /// The load's.
        let role: String
        /// Does this as superuser in the database, at once. Blocks.
        let byHand: @Sendable (_ sql: [UInt8], _ encoding: String?) throws(BackupError) -> Void
        /// Makes the extension as superuser, and lets the load fill its tables. Blocks.
        let makeExtension: @Sendable (_ name: String, _ schema: String?) throws(BackupError) -> Void
        let isTrusted: @Sendable (_ language: String) -> Bool
        /// Whether the load's role may not run this function of an extension.
        let isClosed: @Sendable (_ function: [UInt8]) -> Bool
    }

    private let apart: Apart?
    private let messages: LoadMessages
    private let token: String
    private let isRestricting: Bool
    /// What the server has of settings: a newer pg_dump sets some that it does not know, and needs none of them.
    private let settings: Set<String>
    private let stopsAtFailure: Bool
    /// Nothing but our own reading stands between a stranger's dump and a psql that runs commands.
    private let isUnguarded: Bool
    private var cutter = DumpCutter()
    private(set) var settlement = Settlement()
    /// The rows that come are dropped: there is nothing that takes them.
    private var dropsRows = false
    private var late: LateRows
    private var hasStatements = false
    /// Rows of this table are under way.
    private var table: String?
    /// Where the dump may end within a row, what there is of one is kept back: half a row must not be taken for a whole one.
    private var held: RowHold?

    private static let mostDeferred = 64 << 20

    /// Takes the bytes for psql.
    typealias Sink = (UnsafeRawBufferPointer) throws(BackupError) -> Void

    init(
        apart: Apart?, messages: LoadMessages, token: String, isRestricting: Bool, settings: Set<String>,
        stopsAtFailure: Bool, isForeign: Bool, mayEndEarly: Bool = false, again dump: @escaping DecodedSource
    ) {
        held = mayEndEarly ? RowHold() : nil
        late = LateRows(dump: dump, messages: messages)
        isUnguarded = isForeign && !isRestricting
        self.apart = apart
        self.messages = messages
        self.token = token
        self.isRestricting = isRestricting
        self.settings = settings
        self.stopsAtFailure = stopsAtFailure
    }

    func begin(_ sink: Sink) throws(BackupError) {
        // No statement waits for the disk: the renaming at the end does, for all that came before it in the log.
        try send("SET synchronous_commit = off;\n", sink)
        if isRestricting { try send("\\restrict \(token)\n", sink) }
    }

    func take(_ bytes: UnsafeRawBufferPointer, _ sink: Sink) throws(BackupError) {
        if stopsAtFailure { try messages.refuseFailures() }
        try cutter.take(bytes) { (piece) throws(BackupError) in
            switch piece {
            case .statement(let statement):
                hasStatements = true
                try requireOneReading(statement)
                try take(statement, sink)
            case .part(let bytes, let isLast):
                try requireOneReading(bytes)
                try sink(bytes)
                if isLast { try send("\n", sink) }
            case .rows(let name, let statement):
                try requireOneReading(statement)
                table = SQLText.shown(name)
                held?.begin()
                dropsRows = try !takesRows(statement, sink)
                late.begin(statement)
                if !dropsRows { try send(statement, sink) }
            case .data(let bytes) where dropsRows: _ = bytes
            case .data(let bytes):
                if held == nil { try sink(bytes) } else { try held?.take(bytes, sink) }
            case .rowsEnd:
                table = nil
                if !dropsRows { try held?.flush(sink) }
                if !dropsRows {
                    try settled(sink)
                    late.end()
                }
                dropsRows = false
            }
        }
    }

    /// Where strings are read with backslashes, which a dump can have psql do, a quote behind one does not end them.
    private func requireOneReading(_ text: some Collection<UInt8>) throws(BackupError) {
        guard isUnguarded,
            zip(text, text.dropFirst()).contains(where: { $0 == UInt8(ascii: "\\") && $1 == UInt8(ascii: "'") })
        else { return }
        throw BackupError(
            .sourceRefused,
            "this psql is too old to be kept from running what a stranger's dump may hide behind a backslash and a quote: install the "
                + "PostgreSQL client of 15.14, 16.10, 17.6 or later, or say --trust-origin")
    }

    /// The dump is over. Where `damage` is given, one that is not whole is ended behind what there is of it.
    func finish(_ sink: Sink, _ damage: ReadDamage? = nil) throws(BackupError) {
        do throws(BackupError) { try cutter.finish() } catch {
            guard let damage else { throw error }
            damage.note(error.message)
        }
        if let damage, damage.words != nil { return try breakOff(sink, damage) }
        try loadLateRows(sink)
        if isRestricting { try send("\\unrestrict \(token)\n", sink) }
    }

    /// Ends what is under way: rows behind the last whole one, a statement not at all.
    private func breakOff(_ sink: Sink, _ damage: ReadDamage) throws(BackupError) {
        guard hasStatements else {
            throw BackupError(.integrity, "nothing of the dump can be read: \(damage.words ?? "it is empty")")
        }
        if let table {
            damage.lies(in: "the rows of \(table)")
            if !dropsRows {
                // The beginning of a row that was too long to be kept back makes an error of all rows of its table.
                let end = held?.hasPassedPart == true ? "\n\(LateRows.noRow)\n\\.\n" : "\\.\n"
                try send(end, sink)
                try settled(sink)
                late.end()
            }
        }
        late.giveUp()
        // Half of a long statement has been handed on: whatever is said now would be part of it.
        guard !cutter.isWithinLong else { return damage.lies(in: "a long statement") }
        if isRestricting { try send("\\unrestrict \(token)\n", sink) }
    }

    /// What failed once, while what follows rows (keys, triggers) is not there yet.
    private func loadLateRows(_ sink: Sink) throws(BackupError) {
        try late.loadAgain(
            sink, takesRows: { (copy) throws(BackupError) in try takesRows(copy, sink) },
            settled: { () throws(BackupError) in try settled(sink) })
        if stopsAtFailure { try messages.refuseFailures() }
    }

    private func take(_ statement: ArraySlice<UInt8>, _ sink: Sink) throws(BackupError) {
        if late.isWaiting, !LateRows.isAmongRows(statement) { try loadLateRows(sink) }
        let kind = StatementKind(statement, isTrusted: apart?.isTrusted ?? { _ in true })
        if kind == .foreignRows {
            throw BackupError(.integrity, "the dump has a COPY in a form that pg_dump does not write; it is not loaded")
        }
        if kind == .foreignEncoding {
            throw BackupError(
                .integrity,
                "the dump's texts are in an encoding that no database has, and so in none that pg_dump was asked for; it is not loaded"
            )
        }
        if case .encoding(let name) = kind { settlement.encoding = name }
        if case .setting(let name) = kind, !settings.contains(name) { return }
        guard let apart else { return try forward(statement, sink) }
        switch kind {
        case .ordinary, .encoding, .setting, .foreignRows, .foreignEncoding: try forward(statement, sink)
        case .makesExtension(let name, let schema):
            try settled(sink)
            attempt("CREATE EXTENSION \(name)") { () throws(BackupError) in try apart.makeExtension(name, schema) }
        case .describesExtension:
            try settled(sink)
            attempt("COMMENT ON EXTENSION") { () throws(BackupError) in
                try apart.byHand(Array(statement), settlement.encoding)
            }
        case .owner(let role): settlement.owners.append((role, Array(statement)))
        case .rights where apart.isOwnOrigin: settlement.rights.append(Array(statement))
        case .rights: try forward(statement, sink)
        case .privileged where apart.isOwnOrigin:
            try settled(sink)
            attempt(Self.beginning(of: statement)) { () throws(BackupError) in
                try apart.byHand(Array(statement), settlement.encoding)
            }
        case .foreign(let table) where apart.isOwnOrigin:
            try settled(sink)
            let giving = table.map {
                Array("\nALTER FOREIGN TABLE ".utf8) + $0 + Array(" OWNER TO \(apart.role);".utf8)
            }
            attempt(Self.beginning(of: statement)) { () throws(BackupError) in
                try apart.byHand(Array(statement) + (giving ?? []), settlement.encoding)
            }
        case .trigger(let function) where apart.isOwnOrigin && apart.isClosed(function):
            try settled(sink)
            attempt(Self.beginning(of: statement)) { () throws(BackupError) in
                try apart.byHand(Array(statement), settlement.encoding)
            }
        case .foreign, .trigger: try forward(statement, sink)
        case .eventTrigger where apart.isOwnOrigin: settlement.last.append(Array(statement))
        case .privileged, .eventTrigger:
            messages.note(
                LoadFailure(
                    what: Self.beginning(of: statement), code: "",
                    reason: "it needs a superuser, and the backup is not this host's own; --trust-origin loads it"))
        }
        settlement.bytes += statement.count
        guard settlement.bytes <= Self.mostDeferred || settlement.isEmpty else {
            throw BackupError(.integrity, "the dump has more than 64 MiB of owners and rights")
        }
    }

    private func attempt(_ what: String, _ work: () throws(BackupError) -> Void) {
        do throws(BackupError) { try work() } catch {
            messages.note(
                LoadFailure(
                    what: what, code: (error.cause as? ServerMessage)?.code ?? "", reason: error.message))
        }
    }

    /// How a statement begins, up to where a value may stand.
    private static func beginning(of statement: ArraySlice<UInt8>) -> String {
        let text = SQLText.shown(statement.prefix(120))
        return text.prefix { $0 != "'" && $0 != "(" && !$0.isNewline }.trimmingCharacters(in: .whitespaces)
    }

    private func forward(_ statement: ArraySlice<UInt8>, _ sink: Sink) throws(BackupError) {
        try send(statement, sink)
        try send("\n", sink)
    }

    /// Waits until psql has carried out all that it was given.
    private func settled(_ sink: Sink) throws(BackupError) { _ = try answer([], "settled", sink) }

    /// Whether the server takes this `COPY … FROM stdin;`, a whole line. psql would take the rows that follow one which failed
    /// at once (no such table, no such column) for statements, so it is first given one without rows. Why that one failed, psql
    /// says as of any statement.
    private func takesRows(_ copy: ArraySlice<UInt8>, _ sink: Sink) throws(BackupError) -> Bool {
        try answer(copy + Array("\\.\n".utf8), ":ERROR", sink) == "false"
    }

    /// Has psql carry out `script` and then say `word`, in which it puts its variables.
    private func answer(
        _ script: ArraySlice<UInt8>, _ word: String, _ sink: Sink
    ) throws(BackupError) -> String {
        // What the dump says stands within the restriction, always: psql may read it otherwise than we do.
        try send(script, sink)
        if isRestricting { try send("\\unrestrict \(token)\n", sink) }
        try send("\\warn \(token) \(word)\n", sink)
        if isRestricting { try send("\\restrict \(token)\n", sink) }
        if let answer = messages.answers.pop() { return answer }
        // It has gone, or is about to: what cannot be written any more says so to whoever knows how it ended.
        for _ in 0..<1000 {
            try send("\n", sink)
            usleep(10_000)
        }
        throw BackupError(.sourceUnavailable, "psql takes the dump and answers nothing")
    }

    private func send(_ text: String, _ sink: Sink) throws(BackupError) { try send(Array(text.utf8)[...], sink) }

    private func send(_ bytes: ArraySlice<UInt8>, _ sink: Sink) throws(BackupError) {
        let result: Result<Void, BackupError> = bytes.withUnsafeBytes { raw in
            Result { () throws(BackupError) in try sink(raw) }
        }
        try result.get()
    }
}

/// What is left to be done by a superuser once the load has ended and was checked.
struct Settlement: Sendable {
    /// Of all texts here; nil when the dump did not say.
    var encoding: String?
    /// Each object's owner, and the statement that says so.
    var owners: [(role: [UInt8], statement: [UInt8])] = []
    var rights: [[UInt8]] = []
    /// From here on what is changed in the database runs what was in the dump.
    var last: [[UInt8]] = []
    fileprivate(set) var bytes = 0

    var isEmpty: Bool { owners.isEmpty && rights.isEmpty && last.isEmpty }
}
