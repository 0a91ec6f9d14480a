import Archive
import Domain
import Foundation
import Threads

/// One restore into a new database: made beside, loaded, checked, and only then given its final name.
struct PostgresRestore {
    let engine: PostgresEngine
    let request: RestoreRequest
    /// There are no rows in the dump, and nobody is to have what is made of it.
    private var isRehearsal = false

    init(engine: PostgresEngine, request: RestoreRequest) { (self.engine, self.request) = (engine, request) }

    func run() async throws(BackupError) -> RestoreOutcome {
        let session = try engine.session(stop: request.stop)
        try await Pooler.refuseRestore(session, ["postgres", engine.database])
        let maintenance = try await MaintenanceDatabase.open(session, request.trace)
        do throws(BackupError) {
            let outcome = try await run(session, maintenance.name)
            await maintenance.close()
            return outcome
        } catch {
            await maintenance.close()
            throw error
        }
    }

    struct Rehearsed {
        /// What could not be made, or not be compared.
        var lacking: [String] = []
        /// Why nothing at all could be restored.
        var failure: BackupError?
        /// What was made for it and could not be dropped.
        var leftOver: String?
    }

    /// Makes, loads and checks the database `scratch` as a restore does, lets `look` at it, and drops it with all that was made for
    /// it, whatever comes.
    func rehearse(in scratch: String, _ look: () async -> Void) async -> Rehearsed {
        var rehearsed = Rehearsed()
        do throws(BackupError) {
            let session = try engine.session(stop: request.stop)
            let maintenance = try await MaintenanceDatabase.open(session, request.trace)
            var names = Names(scratch: scratch, target: scratch, beside: scratch)
            do throws(BackupError) {
                let facts = try await PostgresFacts.read(session, maintenance.name)
                let swap = PostgresSwap(session: session, maintenance: maintenance.name, trace: request.trace)
                var restore = self
                restore.isRehearsal = true
                rehearsed.lacking = try await restore.make(&names, session, facts, swap).lacking
                await look()
                let trouble = await ScratchDatabase(name: scratch, engine: engine, maintenance: maintenance.name).drop()
                rehearsed.leftOver = trouble.map { "the database \(scratch): \($0)" }
            } catch {
                rehearsed.failure = error
            }
            // Where its owners could not be set, it owned what is dropped by now.
            await names.role?.drop()
            await maintenance.close()
        } catch {
            rehearsed.failure = error
        }
        return rehearsed
    }

    /// Where it is loaded, and what it is to be called.
    private struct Names {
        var scratch, target: String
        /// What it is called when it may not have the name.
        var beside: String
        /// What had the name, once that is set aside for a load under the final name.
        var aside: String?
        /// Who loads it.
        var role: LoadRole?
    }

    private var manner: LoadManner { request.manner }

    private func run(_ session: PostgresSession, _ maintenance: String) async throws(BackupError) -> RestoreOutcome {
        let time = Timestamp.compact(request.now)
        let original = request.originalName ?? engine.database
        // Not the final name, also when no target was given: a restore that is killed must not look like one that is whole.
        let beside = SQLText.name(original, "_restoring_" + time)
        let target =
            manner.intoOriginalName
            ? engine.database : request.target ?? SQLText.name(original, "_restored_" + time)
        guard target.utf8.count <= 63 else {
            throw BackupError(
                .usage,
                "the name \"\(target)\" has \(target.utf8.count) bytes, and PostgreSQL keeps 63: give a shorter one")
        }
        var names = Names(scratch: manner.intoOriginalName ? target : beside, target: target, beside: beside)
        let swap = PostgresSwap(session: session, maintenance: maintenance, trace: request.trace)
        if !request.replace, try await swap.exists(target) {
            throw BackupError(.exists, "the database \"\(target)\" is there already; nothing was changed")
        }
        // Before hours of loading, and once more when it takes its place.
        if request.replace {
            try await swap.refuseSessions(in: target)
            try await swap.refuseTies(of: target)
        }
        let facts = try await PostgresFacts.read(session, maintenance)
        var remarks: [String] = []
        if let globals = request.globals {
            remarks.append(try await loadGlobals(globals, session, facts, maintenance))
        }
        let roles = try await MissingRoles.find(for: request, session, maintenance)
        var failures: [String] = []
        if manner.createsRoles {
            if let words = try await roles.create(session, maintenance) { remarks.append(words) }
        } else if let words = roles.words {
            // What cannot be kept, or not replace what is there, need not be loaded for hours first.
            if manner.isAllOrNothing { throw BackupError(.sourceRefused, "\(words); nothing was loaded") }
            if request.replace, !manner.replacesIncomplete, try await swap.exists(target) {
                throw BackupError(
                    .integrity,
                    "\(words); nothing was loaded, and nothing was replaced (--force given twice replaces all the same)"
                )
            }
            failures = [words]
        }
        var loaded = try await make(&names, session, facts, swap)
        loaded.remarks = remarks + loaded.remarks
        loaded.failures = failures + loaded.failures
        // From here on it is loaded, perhaps for hours, and is kept whatever comes (P11).
        request.trace(.loaded)
        return try await name(loaded, names, swap)
    }

    /// Makes the database and loads it; what goes wrong leaves all as it was.
    private func make(
        _ names: inout Names, _ session: PostgresSession, _ facts: PostgresFacts, _ swap: PostgresSwap
    ) async throws(BackupError) -> LoadedDatabase {
        let isApart = facts.isSuperuser && request.origin != .trusted
        var role = isApart ? try await LoadRole.make(session, maintenance: swap.maintenance, request.trace) : nil
        names.role = role
        var isMade = false
        do throws(BackupError) {
            if manner.intoOriginalName, try await swap.exists(names.target) {
                names.aside = try await swap.setAside(names.target, now: request.now)
            }
            let place = PostgresPlace(
                source: names.aside ?? engine.database, scratch: names.scratch, session: session,
                maintenance: swap.maintenance, major: facts.major, properties: request.properties,
                isTrusted: request.origin != .foreign, trace: request.trace)
            let made = try await place.create(for: role)
            isMade = true
            try await place.open(for: role)
            role = try await role?.reaching(names.scratch)
            var loaded = try await load(
                into: names.scratch, session, facts, role, owner: made.owner ?? facts.role, target: names.target)
            let told = made.failures + [request.propertiesFailure].compactMap(\.self)
            loaded.failures += told
            try await giveProperties(to: &loaded, names, session, swap.maintenance, told: told)
            return loaded
        } catch {
            let scratch = ScratchDatabase(name: names.scratch, engine: engine, maintenance: swap.maintenance)
            let trouble = isMade ? await scratch.drop() : nil
            await role?.drop()
            guard trouble != nil || names.aside != nil else { throw error }
            var words =
                trouble.map { "; the database \"\(names.scratch)\" that was made for it could not be dropped: \($0)" }
                ?? ""
            if let aside = names.aside { words += await putBack(aside, as: names.target, swap) }
            throw BackupError(error.code, error.message + words, cause: error.cause)
        }
    }

    /// Gives what was loaded the name that it is to have, unless something speaks against it.
    private func name(
        _ loaded: LoadedDatabase, _ names: Names, _ swap: PostgresSwap
    ) async throws(BackupError) -> RestoreOutcome {
        var replaces = names.aside != nil
        if request.replace, !manner.intoOriginalName { replaces = try await swap.exists(names.target) }
        if !manner.replacesIncomplete, let obstacle = loaded.obstacle(replaces: replaces) {
            var end = "what was there before was not touched"
            if manner.intoOriginalName {
                do throws(BackupError) {
                    try await swap.close(names.target, as: names.beside)
                    if let aside = names.aside {
                        try await swap.rename(aside, to: names.target)
                        end = "what was there before is there again"
                    }
                } catch {
                    throw BackupError(
                        .integrity,
                        "\(obstacle); AND IT COULD NOT BE TAKEN OUT OF THE WAY: what was loaded is \"\(names.target)\" or "
                            + "\"\(names.beside)\", what was there before is \(names.aside.map { "\"\($0)\"" } ?? "nothing"); give them "
                            + "their names with ALTER DATABASE … RENAME TO", cause: error)
                }
            }
            throw BackupError(
                .integrity,
                "\(obstacle); it is kept as the database \"\(names.beside)\": look at it, give it a name with ALTER DATABASE … "
                    + "RENAME TO, or drop it; \(end)")
        }
        let checked = loaded.remarks.joined(separator: "; ")
        guard !manner.intoOriginalName else {
            return RestoreOutcome(
                target: names.target, keptBeside: names.aside, checked: checked, failures: loaded.lacking)
        }
        do throws(BackupError) {
            var outcome = try await swap.finish(
                scratch: names.scratch, target: names.target, replace: request.replace, now: request.now,
                checked: checked)
            outcome.failures = loaded.lacking
            return outcome
        } catch {
            throw BackupError(
                error.code,
                "\(error.message); the backup is loaded and checked, and kept as the database \"\(names.scratch)\": give it "
                    + "its name with ALTER DATABASE … RENAME TO, or drop it", cause: error.cause)
        }
    }

    /// What the backup says of the database itself, where its word counts.
    private var trustedProperties: DatabaseProperties? { request.origin == .foreign ? nil : request.properties }

    /// Where the backup's word on who gets in does not count, or there is none: as in the database that this one replaces, and as
    /// PostgreSQL does where there is none to replace.
    private func giveDoor(
        to loaded: inout LoadedDatabase, _ names: Names, _ session: PostgresSession, _ maintenance: String
    ) async throws(BackupError) {
        guard request.replace, trustedProperties == nil else { return }
        let replaced = try await DatabaseProperties.read(session, of: names.aside ?? names.target, from: maintenance)
        guard let replaced, names.aside != nil || names.target != names.scratch else {
            return try await session.execute(
                "GRANT CONNECT, TEMPORARY ON DATABASE \(SQLText.identifier(names.scratch)) TO PUBLIC;",
                database: maintenance)
        }
        for statement in replaced.admissions(to: names.scratch) {
            try await session.run(Array(statement.sql.utf8), encoding: "UTF8", database: maintenance)
        }
        loaded.remarks.append("who may connect is as it was in the database that it replaces")
    }

    /// What the backup says of the database itself. A load that has ended is kept whatever comes of this.
    private func giveProperties(
        to loaded: inout LoadedDatabase, _ names: Names, _ session: PostgresSession, _ maintenance: String,
        told: [String]
    ) async throws(BackupError) {
        var failures = told
        let database = names.scratch
        do throws(BackupError) { try await giveDoor(to: &loaded, names, session, maintenance) } catch {
            if error.code == .cancelled { throw error }
            loaded.failures.append("who may connect could not be set as it was: \(error.message)")
            failures.append(error.message)
        }
        if let properties = request.properties {
            do throws(BackupError) {
                let outcome = try await PropertiesRestore(
                    properties: properties, session: session, database: database, maintenance: maintenance,
                    isTrusted: request.origin != .foreign, told: told
                ).run()
                loaded.remarks += outcome.remarks
                loaded.failures += outcome.failures
                failures += outcome.failures
            } catch {
                if error.code == .cancelled { throw error }
                loaded.failures.append("the database's own settings and rights could not all be set: \(error)")
                failures.append(error.message)
            }
        }
        guard manner.isAllOrNothing, let first = failures.first else { return }
        throw BackupError(.integrity, "not everything of the backup could be made, and so nothing was kept: \(first)")
    }

    /// Answers with words for the operator.
    private func putBack(_ aside: String, as target: String, _ swap: PostgresSwap) async -> String {
        let (engine, maintenance) = (engine, swap.maintenance)
        return await shielded {
            do {
                let session = try engine.session(stop: StopSignal())
                try await PostgresSwap(session: session, maintenance: maintenance, trace: { _ in }).rename(
                    aside, to: target)
                return "; what was there before is there again"
            } catch {
                return "; WHAT WAS THERE BEFORE IS KEPT AS \"\(aside)\" and could not be given its name again: \(error)"
            }
        }
    }

    private func load(
        into scratch: String, _ session: PostgresSession, _ facts: PostgresFacts, _ role: LoadRole?, owner: String,
        target: String
    ) async throws(BackupError) -> LoadedDatabase {
        let result = try await PostgresLoad(
            engine: engine, request: request, session: session, facts: facts, database: scratch, role: role
        ).run()
        let damage = request.damage?.told(
            missing:
                "What stands there and behind it in the dump is missing; keys, indexes, triggers and rights stand at its end"
        )
        if manner.isAllOrNothing {
            try result.messages.refuseFailures()
            if let damage { throw BackupError(.integrity, "nothing was kept, since not all of it can be: \(damage)") }
        }
        // By who loaded it, while all is still that role's. From here on it is loaded, and kept whatever the check says.
        let finding = try await PostgresCheck(
            session: role?.session ?? session, facts: facts, database: scratch,
            encoding: result.settlement.encoding, tables: request.fingerprint?.tables
        ).run()
        // What the backup says of who may get in is given last, and nobody gets in before.
        let opens = trustedProperties.map { $0.rights == nil } ?? !request.replace
        var loaded = LoadedDatabase(remarks: [finding.words], failures: [], differences: finding.differences)
        var others: [String] = finding.isProven ? [] : [finding.words]
        if isRehearsal {
            others += await RehearsedViews(session: role?.session ?? session, database: scratch).failures()
        }
        do throws(BackupError) {
            if let role {
                let standIn = SQLText.name(target, "_owner_" + Timestamp.compact(request.now))
                loaded.remarks += try await Settling(
                    superuser: session, facts: facts, database: scratch, role: role,
                    isOwnOrigin: request.origin == .own, messages: result.messages, token: result.token,
                    isRestricting: result.isRestricting, awakening: result.awakening
                ).run(result.settlement, owner: owner, standIn: standIn, opens: opens)
            } else if opens {
                try await session.execute(
                    "GRANT CONNECT, TEMPORARY ON DATABASE \(SQLText.identifier(scratch)) TO PUBLIC;", database: scratch)
            }
        } catch {
            if error.code == .cancelled { throw error }
            others.append("owners and rights could not all be set: \(error)")
        }
        if manner.isAllOrNothing { try result.messages.refuseFailures() }
        let (first, more) = result.messages.failures
        loaded.failures =
            [damage].compactMap(\.self) + LoadFailure.words(of: first) + (more > 0 ? ["and \(more) more"] : []) + others
        if request.damage != nil {
            // Whoever takes what there is knows the reason, and is told each.
            (loaded.failures, loaded.differences) = (loaded.lacking, [])
        }
        return loaded
    }
}
