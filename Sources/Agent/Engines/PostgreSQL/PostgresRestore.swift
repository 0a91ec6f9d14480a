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
        let maintenance = try await session.maintenanceDatabase()
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
        var remarks: [String] = []
        if let globals = request.globals {
            remarks.append(try await loadGlobals(globals, session, maintenance))
        }
        try await create(scratch, session, maintenance)
        do throws(BackupError) {
            try await load(request.dump, session, into: scratch)
            remarks.append(try await check(session, scratch))
        } catch {
            await drop(scratch, maintenance)
            throw error
        }
        do throws(BackupError) {
            return try await swap.finish(
                scratch: scratch, target: target, replace: request.replace, now: request.now,
                checked: remarks.joined(separator: "; "))
        } catch  where error.code == .busy {
            // Loaded and checked, perhaps for hours: only its name is missing.
            throw BackupError(
                .busy,
                "\(error.message); the backup is loaded and checked, and kept as the database \"\(scratch)\": give it its "
                    + "name with ALTER DATABASE … RENAME TO, or drop it", cause: error.cause)
        } catch {
            await drop(scratch, maintenance)
            throw error
        }
    }

    // MARK: making and dropping the new database

    /// Encoding, locale and owner are those of the source, where it still is; else the server's defaults.
    private func create(_ scratch: String, _ session: PostgresSession, _ maintenance: String) async throws(BackupError)
    {
        struct Source: Decodable {
            var encoding, collate, ctype, owner: String
            var provider, locale: String?
            var ownerIsOurs: Bool
        }
        // Columns of later versions are read through jsonb, where one that is not there is null.
        let source = try await session.ask(
            """
            SELECT json_build_object('encoding', pg_encoding_to_char(d.encoding), 'collate', d.datcollate,
              'ctype', d.datctype, 'owner', pg_get_userbyid(d.datdba), 'ownerIsOurs', pg_has_role(d.datdba, 'USAGE'),
              'provider', to_jsonb(d)->>'datlocprovider',
              'locale', coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'))
            FROM pg_database d WHERE d.datname = \(SQLText.literal(engine.database));
            """, database: maintenance, as: Source.self
        ).first
        var sql = "CREATE DATABASE \(SQLText.identifier(scratch)) TEMPLATE template0"
        if let source {
            sql += " ENCODING \(SQLText.literal(source.encoding)) LC_COLLATE \(SQLText.literal(source.collate))"
            sql += " LC_CTYPE \(SQLText.literal(source.ctype))"
            if let locale = source.locale {
                switch source.provider {
                case "i": sql += " LOCALE_PROVIDER icu ICU_LOCALE \(SQLText.literal(locale))"
                case "b": sql += " LOCALE_PROVIDER builtin BUILTIN_LOCALE \(SQLText.literal(locale))"
                default: break
                }
            }
            if source.ownerIsOurs { sql += " OWNER \(SQLText.identifier(source.owner))" }
        }
        do throws(BackupError) {
            try await session.execute(sql + ";", database: maintenance)
        } catch {
            let code: BackupError.Code = error.message.contains("42P04") ? .exists : error.code
            throw BackupError(code, "creating the database \"\(scratch)\" to restore into", cause: error)
        }
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
