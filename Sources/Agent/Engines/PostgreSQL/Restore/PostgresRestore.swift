import Archive
import Domain
import Foundation
import Threads

/// One restore into a new database: made beside, loaded, checked, and only then given its final name.
struct PostgresRestore {
    let engine: PostgresEngine
    let request: RestoreRequest

    func run() async throws(BackupError) -> RestoreOutcome {
        let session = try engine.session(stop: request.stop)
        let maintenance = try await MaintenanceDatabase.open(session)
        do throws(BackupError) {
            let outcome = try await run(session, maintenance.name)
            await maintenance.close()
            return outcome
        } catch {
            await maintenance.close()
            throw error
        }
    }

    private func run(_ session: PostgresSession, _ maintenance: String) async throws(BackupError) -> RestoreOutcome {
        let time = Timestamp.compact(request.now)
        // Not the final name, also when no target was given: a restore that is killed must not look like one that is whole.
        let scratch = SQLText.name(engine.database, "_restoring_" + time)
        let target = request.target ?? SQLText.name(engine.database, "_restored_" + time)
        let swap = PostgresSwap(session: session, maintenance: maintenance)
        if !request.replace, try await swap.exists(target) {
            throw BackupError(.exists, "the database \"\(target)\" is there already; nothing was changed")
        }
        // Before hours of loading, and once more when it takes its place.
        if request.replace { try await swap.refuseSessions(in: target) }
        let facts = try await PostgresFacts.read(session, maintenance)
        var remarks: [String] = []
        if let globals = request.globals {
            remarks.append(try await loadGlobals(globals, session, facts, maintenance))
        }
        let isApart = facts.isSuperuser && request.origin != .trusted
        var role = isApart ? try await LoadRole.make(session, maintenance: maintenance) : nil
        var loaded: Loaded
        do throws(BackupError) {
            let isTrusted = request.origin != .foreign
            let place = PostgresPlace(
                source: engine.database, scratch: scratch, session: session, maintenance: maintenance,
                major: facts.major, properties: request.properties, isTrusted: isTrusted)
            let made = try await place.create(for: role)
            role = try await role?.reaching(scratch)
            loaded = try await load(
                into: scratch, session, facts, role, owner: made.owner ?? facts.role, target: target)
            loaded.failures += made.failures
            if let properties = request.properties {
                let outcome = try await PropertiesRestore(
                    properties: properties, session: session, database: scratch, maintenance: maintenance,
                    isTrusted: isTrusted, told: made.failures
                ).run()
                loaded.remarks += outcome.remarks
                loaded.failures += outcome.failures
            }
        } catch {
            await drop(scratch, maintenance)
            await role?.drop()
            throw error
        }
        loaded.remarks = remarks + loaded.remarks
        // From here on it is loaded, perhaps for hours, and is kept whatever comes (P11).
        try loaded.refuseDifference(scratch, replaces: request.replace)
        do throws(BackupError) {
            var outcome = try await swap.finish(
                scratch: scratch, target: target, replace: request.replace, now: request.now,
                checked: loaded.remarks.joined(separator: "; "))
            outcome.failures = loaded.failures
            return outcome
        } catch {
            throw BackupError(
                error.code,
                "\(error.message); the backup is loaded and checked, and kept as the database \"\(scratch)\": give it its "
                    + "name with ALTER DATABASE … RENAME TO, or drop it", cause: error.cause)
        }
    }

    private struct Loaded {
        var remarks: [String]
        var failures: [String]
        /// Where it is not what the dump had.
        var differences: [String]

        /// A database that differs does not get the name of one that does not, nor does one that lacks something take the
        /// place of one that may be whole.
        func refuseDifference(_ scratch: String, replaces: Bool) throws(BackupError) {
            let kept =
                "; it is kept as the database \"\(scratch)\": look at it, give it a name with ALTER DATABASE … RENAME TO, or "
                + "drop it; what was there before was not touched"
            if let first = differences.first {
                let more = differences.count > 1 ? " and \(CountText.of(differences.count - 1, "more difference"))" : ""
                throw BackupError(
                    .integrity, "what was restored is not what was dumped: \(first)\(more)\(Self.list(failures))\(kept)"
                )
            }
            guard replaces, !failures.isEmpty else { return }
            throw BackupError(
                .integrity,
                "not everything of the backup could be made, so nothing was replaced\(Self.list(failures))\(kept)")
        }

        private static func list(_ failures: [String]) -> String {
            guard !failures.isEmpty else { return "" }
            let more = failures.count > 5 ? "; and \(failures.count - 5) more" : ""
            return "; " + failures.prefix(5).joined(separator: "; ") + more
        }
    }

    private func load(
        into scratch: String, _ session: PostgresSession, _ facts: PostgresFacts, _ role: LoadRole?, owner: String,
        target: String
    ) async throws(BackupError) -> Loaded {
        let result = try await PostgresLoad(
            engine: engine, request: request, session: session, facts: facts, database: scratch, role: role
        ).run()
        // By who loaded it, while all is still that role's.
        let check = try await PostgresCheck(
            session: role?.session ?? session, database: scratch, tables: request.fingerprint?.tables
        ).run()
        var loaded = Loaded(remarks: [], failures: [], differences: [])
        // What the backup says of who may get in is given last, and nobody gets in before.
        let opens = request.origin == .foreign || request.properties?.rights == nil
        switch check {
        case .equal(let words):
            loaded.remarks.append(words)
            let data = try await PostgresDataCheck(
                session: role?.session ?? session, facts: facts, database: scratch,
                tables: request.fingerprint?.tables ?? []
            ).run()
            loaded.remarks += [data].compactMap(\.self)
        case .different(let differences): loaded.differences = differences
        }
        if let role {
            let standIn = SQLText.name(target, "_owner_" + Timestamp.compact(request.now))
            loaded.remarks += try await Settling(
                superuser: session, facts: facts, database: scratch, role: role,
                isOwnOrigin: request.origin == .own, messages: result.messages, token: result.token,
                isRestricting: result.isRestricting
            ).run(result.settlement, owner: owner, standIn: standIn, opens: opens)
        } else if opens {
            try await session.execute(
                "GRANT CONNECT, TEMPORARY ON DATABASE \(SQLText.identifier(scratch)) TO PUBLIC;", database: scratch)
        }
        let (first, more) = result.messages.failures
        loaded.failures = first.map(\.words) + (more > 0 ? ["and \(more) more"] : [])
        return loaded
    }

    /// Also after a cancellation; a scratch database that cannot be dropped keeps its telling name.
    private func drop(_ scratch: String, _ maintenance: String) async {
        let engine = engine
        await shielded {
            do {
                let session = try engine.session(stop: StopSignal())
                let facts = try await PostgresFacts.read(session, maintenance)
                let force = facts.major >= 13 ? " WITH (FORCE)" : ""
                try await session.execute(
                    "DROP DATABASE IF EXISTS \(SQLText.identifier(scratch))\(force);", database: maintenance)
            } catch {
                // The error that brought us here is the one to tell.
            }
        }
    }
}
