import Domain
import Sealing

/// A database to create, rename and drop others from, in which nobody but its owner may create anything.
///
/// `postgres` or `template1` where they are such; on servers up to 14 everybody may create in the schema `public` of both, and
/// then one of our own is made for as long as it is needed.
struct MaintenanceDatabase {
    let name: String
    /// Made by us, and to be dropped by ``close()``.
    private let isOurs: Bool
    private let session: PostgresSession

    static func open(_ session: PostgresSession, _ trace: RestoreTrace) async throws(BackupError) -> MaintenanceDatabase
    {
        var reached: String?
        var refusal: BackupError?
        for name in ["postgres", "template1"] {
            do throws(BackupError) {
                let facts = try await PostgresFacts.read(session, name)
                reached = reached ?? name
                if !facts.isOpenToAll { return MaintenanceDatabase(name: name, isOurs: false, session: session) }
            } catch  where error.code == .sourceRefused {
                refusal = refusal ?? error
            }
        }
        guard let reached else { throw refusal ?? BackupError(.bug, "no database was tried") }
        return try await make(session, from: reached, trace)
    }

    /// Drops what was made; a database that stays is named as ours, and empty.
    func close() async {
        guard isOurs else { return }
        let (name, session) = (name, session.cleaningUp)
        await shieldedDrop(name, session)
    }

    private static func make(
        _ session: PostgresSession, from reached: String, _ trace: RestoreTrace
    ) async throws(BackupError) -> MaintenanceDatabase {
        let mark: [UInt8]
        do { mark = try randomBytes(4) } catch { throw BackupError(.bug, "making a name", cause: error) }
        let name = "holdfast_maintenance_" + hex(mark)
        let quoted = SQLText.identifier(name)
        var thing = RestoreThing(kind: .database, name: name, birthmark: try RestoreThing.birthmark())
        trace(.makes(thing))
        try await session.execute(
            """
            CREATE DATABASE \(quoted) TEMPLATE template0 ALLOW_CONNECTIONS false CONNECTION LIMIT \(thing.birthmark ?? -1);
            REVOKE ALL ON DATABASE \(quoted) FROM PUBLIC;
            ALTER DATABASE \(quoted) ALLOW_CONNECTIONS true;
            """, database: reached)
        thing.mark = try await session.oid(of: name, from: reached)
        trace(.makes(thing))
        return MaintenanceDatabase(name: name, isOurs: true, session: session)
    }

    private func shieldedDrop(_ name: String, _ session: PostgresSession) async {
        do {
            // Not from within itself.
            let other = try await PostgresFacts.read(session, "postgres").database
            try await session.execute("DROP DATABASE IF EXISTS \(SQLText.identifier(name));", database: other)
        } catch {
            // Whatever it was made for has ended; an empty database with this name says whose it is.
        }
    }
}
