import Archive
import Domain
import Engines
import Foundation
import TestSupport
import Testing

/// What a database is apart from what is in it comes back too, where its source is gone as well (fault 154).
@Suite(.timeLimit(.minutes(6)))
struct PostgresPropertiesTests {
    private struct Backup {
        let globals, database, dump: Written
        var properties: DatabaseProperties
    }

    private func backUp(_ cluster: PostgresCluster, _ name: String) async throws -> Backup {
        let streams = try await cluster.engine(name).streams()
        try #require(streams.map(\.role) == [.globals, .database, .dump])
        let (globals, database, dump) = (
            try await write(streams[0]), try await write(streams[1]), try await write(streams[2])
        )
        for written in [globals, database, dump] { _ = try written.inspection() }
        let properties = try DatabaseProperties(decoding: database.bytes)
        #expect(properties == streams[1].properties)
        return Backup(globals: globals, database: database, dump: dump, properties: properties)
    }

    /// All that the server's catalogs say of a database, but its name and numbers.
    private func facts(_ cluster: PostgresCluster, _ name: String) async throws -> String {
        try await cluster.sql(
            """
            SELECT pg_encoding_to_char(encoding), datcollate, datctype, datlocprovider, daticulocale,
              pg_get_userbyid(datdba), datconnlimit, shobj_description(oid, 'pg_database'),
              (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) a),
              (SELECT array_agg(s ORDER BY s) FROM pg_db_role_setting, unnest(setconfig) s
               WHERE setdatabase = d.oid AND setrole = 0),
              (SELECT array_agg(rolname || s ORDER BY rolname, s) FROM pg_db_role_setting JOIN pg_roles r ON r.oid = setrole,
               unnest(setconfig) s WHERE setdatabase = d.oid)
            FROM pg_database d WHERE datname = '\(name)'
            """)
    }

    private static let rich = #"""
        CREATE ROLE app LOGIN PASSWORD 'a'; CREATE ROLE shut_out LOGIN PASSWORD 's'; CREATE ROLE reader LOGIN PASSWORD 'r';
        CREATE DATABASE props TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-u-co-phonebk'
          LC_COLLATE 'C' LC_CTYPE 'C' OWNER app CONNECTION LIMIT 17;
        REVOKE ALL ON DATABASE props FROM PUBLIC;
        GRANT CONNECT ON DATABASE props TO reader WITH GRANT OPTION;
        COMMENT ON DATABASE props IS 'it''s "the" one
        with two lines \ and more';
        ALTER DATABASE props SET search_path = "$user", "Odd, ""name""", public;
        ALTER DATABASE props SET statement_timeout = '200ms';
        ALTER DATABASE props SET "app.mode" = 'it''s \ so';
        ALTER ROLE reader IN DATABASE props SET work_mem = '8MB'
        """#

    private func make(_ cluster: PostgresCluster) async throws {
        for statement in Self.rich.split(separator: ";") { try await cluster.sql(String(statement)) }
        try await cluster.sql(
            "CREATE TABLE words (w text); INSERT INTO words VALUES ('Ärger'), ('Adel'), ('Affe'), ('Zoo')",
            database: "props")
    }

    @Test func itComesBackOnAnotherServerWithAllThatItWas() async throws {
        let (cluster, empty) = (try PostgresCluster(), try PostgresCluster())
        try await make(cluster)
        let backup = try await backUp(cluster, "props")
        let order = "SELECT string_agg(w, ' ' ORDER BY w) FROM words"
        let outcome = try await empty.engine("props").restore(
            request(backup.dump, .plain, target: "props", globals: backup.globals, properties: backup.properties))
        #expect(outcome.failures.isEmpty, "\(outcome.failures)")
        #expect(
            outcome.checked.contains("encoding, locale, settings and rights are as they were"), "\(outcome.checked)")
        #expect(try await facts(empty, "props") == facts(cluster, "props"))
        #expect(try await empty.sql(order, database: "props") == "Adel Ärger Affe Zoo\n")
        #expect(try await empty.sql(order, database: "props") == cluster.sql(order, database: "props"))
        // Whoever was shut out still is.
        let shut = try await empty.sql(
            "SELECT has_database_privilege('shut_out', 'props', 'CONNECT'), has_database_privilege('reader', 'props', 'CONNECT')"
        )
        #expect(shut == "f|t\n")
        // Also over one that is there.
        let again = try await empty.engine("props").restore(
            request(
                backup.dump, .plain, target: "props", replace: true, properties: backup.properties, at: 1_768_442_500))
        #expect(again.failures.isEmpty && again.keptBeside != nil)
        #expect(try await facts(empty, "props") == facts(cluster, "props"))
        // The backup of the restored one says the same.
        #expect(try await backUp(empty, "props").properties == backup.properties)
    }

    @Test func stockToolsMakeItTheSame() async throws {
        let (cluster, empty) = (try PostgresCluster(), try PostgresCluster())
        try await make(cluster)
        let backup = try await backUp(cluster, "props")
        let folder = try Folder()
        for (name, written) in [("g.sql", backup.globals), ("d.sql", backup.database), ("x.sql", backup.dump)] {
            try folder.script(name, written.text)
        }
        let made = try await ProgramOutput.of(
            "bash",
            [
                "-c",
                """
                cd \(folder.path) && alias=(psql -X -q -h \(empty.folder) -p \(empty.port) -U postgres)
                # The roles' passwords are the other server's then; that of the socket needs none.
                "${alias[@]}" postgres -f g.sql
                "${alias[@]}" -v ON_ERROR_STOP=1 postgres -f d.sql && "${alias[@]}" -v ON_ERROR_STOP=1 props -f x.sql
                """,
            ], environment: [:])
        #expect(made.status == 0, "\(made.error)")
        #expect(try await facts(empty, "props") == facts(cluster, "props"))
    }

    /// A combining mark makes another character of a quote, for Swift; PostgreSQL sees the quote. And a line feed in a name ends no
    /// statement: the stock commands run all but one line of the object again.
    @Test func aQuoteWithAnAccentIsStillAQuote() async throws {
        let (cluster, empty) = (try PostgresCluster(), try PostgresCluster())
        let evil = "; CREATE ROLE pwned; --\n; CREATE ROLE pwned; --"
        let name = "n\"\u{301}" + evil
        let quoted = "\"n\"\"\u{301}\(evil)\""
        try await cluster.sql("CREATE DATABASE \(quoted)")
        try await cluster.sql("COMMENT ON DATABASE \(quoted) IS 'c''\u{301}\(evil)'")
        try await cluster.sql("ALTER DATABASE \(quoted) SET \"app.mode\" = 's''\u{301}\(evil)'")
        let backup = try await backUp(cluster, name)
        let (said, count) = (
            "SELECT datname, shobj_description(oid, 'pg_database'), (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = "
                + "d.oid) FROM pg_database d WHERE datname LIKE 'n%'",
            "SELECT count(*) FROM pg_roles WHERE rolname = 'pwned'"
        )
        try await empty.sql(backup.database.text)
        let before = try await cluster.sql(said)
        #expect(try await empty.sql(said) == before)
        var again = backup.database.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(again.remove(at: StockRestore.makingLine - 1).hasPrefix("CREATE DATABASE U&\"n\"\"\u{301}"))
        try await empty.sql("ALTER DATABASE \(quoted) SET \"app.other\" = 'x'")
        try await empty.sql(again.joined(separator: "\n"))
        #expect(try await empty.sql(said) == before)
        for origin in [RestoreOrigin.own, .foreign] {
            let outcome = try await cluster.engine(name).restore(
                request(backup.dump, .plain, target: "beside_\(origin)", properties: backup.properties, origin: origin))
            #expect(outcome.failures == [])
        }
        for server in [cluster, empty] { #expect(try await server.sql(count) == "0\n") }
    }

    @Test(arguments: ["SQL_ASCII", "LATIN1", "EUC_JP"])
    func itsEncodingComesBackThoughItsSourceIsGone(_ encoding: String) async throws {
        let cluster = try SharedCluster.get()
        let name = "gone_" + encoding.lowercased()
        try await cluster.sql(
            "CREATE DATABASE \(name) ENCODING '\(encoding)' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        try await cluster.sql("CREATE TABLE t AS SELECT 'plain' AS x", database: name)
        let backup = try await backUp(cluster, name)
        try await cluster.sql("DROP DATABASE \(name)")
        let outcome = try await cluster.engine(name).restore(
            request(backup.dump, .plain, target: name, properties: backup.properties))
        #expect(outcome.failures.isEmpty, "\(outcome.failures)")
        #expect(
            try await cluster.sql(
                "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = '\(name)'")
                == "\(encoding)|C\n")
    }

    @Test func whatAServerCannotMakeIsToldAndTheRestIsThere() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE DATABASE elsewhere")
        try await cluster.sql("CREATE TABLE t AS SELECT 1 AS x", database: "elsewhere")
        let backup = try await backUp(cluster, "elsewhere")
        var odd = backup.properties
        (odd.collate, odd.ctype, odd.owner, odd.tablespace) = ("tlh_KL.utf8", "tlh_KL.utf8", "nobody_here", "fast_disk")
        odd.roleSettings = [.init(role: "nobody_here", settings: ["work_mem=8MB"])]
        let outcome = try await cluster.engine("elsewhere").restore(request(backup.dump, .plain, properties: odd))
        for words in [
            "the owner nobody_here", "the tablespace fast_disk", "the locale", "the setting work_mem of the role",
        ] {
            #expect(outcome.failures.contains { $0.hasPrefix(words) }, "\(words): \(outcome.failures)")
        }
        #expect(try await cluster.sql("SELECT x FROM t", database: outcome.target) == "1\n")
        // Nothing that lacks something takes the place of one that does not.
        let refused = await failure {
            _ = try await cluster.engine("elsewhere").restore(
                request(backup.dump, .plain, target: "elsewhere", replace: true, properties: odd, at: 1_768_442_700))
        }
        #expect(refused?.code == .integrity && refused?.message.contains("nothing was replaced") == true)
    }

    /// A stranger's backup says nothing about whose the database is, who gets in, and what its sessions load.
    @Test func aStrangersSettingsAndRightsAreNotTaken() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE DATABASE strange_props")
        let backup = try await backUp(cluster, "strange_props")
        var hostile = backup.properties
        hostile.settings = ["session_preload_libraries=/tmp/evil", "search_path=evil, public"]
        hostile.rights = [.init(role: nil, privilege: "CREATE", isGrantable: false)]
        hostile.comment = "mine"
        let outcome = try await cluster.engine("strange_props").restore(
            request(backup.dump, .plain, properties: hostile, origin: .foreign))
        #expect(outcome.failures.isEmpty && outcome.checked.contains("--trust-origin gives them"), "\(outcome)")
        let told = try await cluster.sql(
            """
            SELECT shobj_description(oid, 'pg_database'), has_database_privilege('public', oid, 'CREATE'),
              EXISTS (SELECT FROM pg_db_role_setting WHERE setdatabase = d.oid)
            FROM pg_database d WHERE datname = '\(outcome.target)'
            """)
        #expect(told == "mine|f|f\n")
    }

    /// psql ends a line at one, quotes and all.
    @Test func aNULIsNoPartOfAProperty() throws {
        let text =
            #"-- Holdfast database properties 1: {"encoding":"UTF8","collate":"C","ctype":"C","provider":"c","owner":"o","#
            + #""tablespace":"pg_default","connectionLimit":-1,"settings":[],"roleSettings":[],"labels":[],"comment":"a\u0000b"}"#
        let error = #expect(throws: BackupError.self) { try DatabaseProperties(decoding: Array((text + "\n").utf8)) }
        #expect(error?.code == .integrity && error?.message.contains("NUL") == true)
    }

    /// A backup of before rights were kept, and a stranger's, open no door that was shut.
    @Test(arguments: [RestoreOrigin.own, .foreign])
    func whoWasShutOutOfWhatIsReplacedStaysSo(_ origin: RestoreOrigin) async throws {
        let cluster = try SharedCluster.get()
        let name = "door_\(origin)"
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql("CREATE TABLE t AS SELECT 1 AS x", database: name)
        var backup = try await backUp(cluster, name)
        try await cluster.sql("REVOKE ALL ON DATABASE \(name) FROM PUBLIC")
        try await cluster.sql("ALTER DATABASE \(name) CONNECTION LIMIT 33")
        if origin == .foreign { backup.properties.connectionLimit = 0 }
        let outcome = try await cluster.engine(name).restore(
            request(
                backup.dump, .plain, target: name, replace: true,
                properties: origin == .own ? nil : backup.properties, origin: origin))
        #expect(outcome.failures.isEmpty, "\(outcome.failures)")
        let door = try await cluster.sql(
            "SELECT has_database_privilege('public', oid, 'CONNECT'), datconnlimit FROM pg_database WHERE datname = '\(name)'"
        )
        #expect(door == "f|33\n")
    }

    /// What PostgreSQL does where nothing is said is what most databases have: everybody may connect, whatever it is restored over.
    @Test(arguments: [RestoreOrigin.own, .foreign], [true, false])
    func whereNothingWasShutNothingIs(_ origin: RestoreOrigin, isThere: Bool) async throws {
        let cluster = try SharedCluster.get()
        let name = "open_\(origin)_\(isThere)"
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql("CREATE TABLE t AS SELECT 1 AS x", database: name)
        let backup = try await backUp(cluster, name)
        #expect(backup.properties.rights == nil)
        for (number, properties) in [backup.properties, nil].enumerated() {
            let target = isThere ? name : "\(name)_\(number)"
            let outcome = try await cluster.engine(name).restore(
                request(
                    backup.dump, .plain, target: target, replace: true, properties: properties, origin: origin,
                    at: 1_768_450_000 + Double(number)))
            #expect(outcome.failures.isEmpty && (outcome.keptBeside != nil) == isThere, "\(outcome)")
            let door = try await cluster.sql(
                """
                SELECT has_database_privilege('public', oid, 'CONNECT'), has_database_privilege('public', oid, 'CREATE')
                FROM pg_database WHERE datname = '\(target)'
                """)
            #expect(door == "t|f\n", "\(target)")
        }
    }

    @Test func listsOfNamesAreTakenApartAsTheServerKeepsThem() throws {
        let object = try DatabaseProperties(
            decoding: Array(
                (#"-- Holdfast database properties 1: {"encoding":"UTF8","collate":"C","ctype":"C","provider":"c","owner":"o","#
                    + #""tablespace":"pg_default","connectionLimit":-1,"settings":[],"roleSettings":[],"labels":[]}"#
                    + "\n")
                    .utf8))
        #expect(object.encoding == "UTF8" && object.rights == nil)
        #expect(throws: BackupError.self) { try DatabaseProperties(decoding: Array("SELECT 1;\n".utf8)) }
    }
}
