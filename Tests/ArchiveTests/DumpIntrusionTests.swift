import Archive
import Domain
import Testing

/// What a stranger could put into a stored dump so that `psql` runs it, and what looks like it and is none (fault 142).
@Suite(.timeLimit(.minutes(1)))
struct DumpIntrusionTests {
    @Test(arguments: [
        "\\! id > /tmp/x", "\\copy t from program 'id'", "\\o |id", "\\i /etc/passwd", "\\setenv PATH /tmp", "\\g |id",
        "\\connect other", "\\restrict a b", "\\restrict", "\\restrict qN7kZb1", "\\restrict $(id)",
        "\\unrestrict other",
        "SELECT 1 \\! id", "SELECT 1; \\! id", "  \\! id", "SELECT 1 -- x\n \\! id", "SELECT 1\n\\! id\n;", "\\\\! id",
        "/* */ \\! id", "SELECT $1\\! id", "SELECT E'\\'' \\! id", "SELECT $a$ $a$ \\! id", "SELECT \"\\\"\\! id",
        "SELECT 1 \\gexec", "SELECT 1\\;SELECT 2;", "\u{0}", "SELECT '\u{0}';",
    ])
    func whatPsqlWouldRunIsFound(line: String) throws {
        let bytes = dump(copy("before", ["1", "2"]) + "SELECT 1;\n" + line + "\n" + copy("after", ["1"]))
        for size in [1, 7, bytes.count] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
            let error = #expect(throws: BackupError.self) { try inspect(pieces, by: PlainDumpInspector()) }
            #expect(error?.code == .integrity)
            #expect(
                error?.message.contains("could run programs where it is restored") == true, "\(error?.message ?? "")")
        }
    }

    @Test func theLineIsNamed() {
        let text = "--\n-- PostgreSQL database dump\n--\n\n" + copy("t", ["1", "2", "3"]) + "\\! id\n"
        let error = #expect(throws: BackupError.self) { try inspect([UInt8](text.utf8)) }
        // Four lines, COPY, three rows, their end, a blank one.
        #expect(error?.message.contains("in its line 11") == true, "\(error?.message ?? "")")
        let nul = "-- a\n" + copy("t", ["1", "2"]).replacing("2\n", with: "2\u{0}\n")
        let second = #expect(throws: BackupError.self) { try inspect([UInt8](nul.utf8)) }
        #expect(second?.message.contains("a NUL, in its line 4") == true, "\(second?.message ?? "")")
    }

    /// Where a `;` seems to end a statement and does not for psql, rows seem to begin in which psql would look for commands.
    @Test(arguments: [
        "CREATE FUNCTION f() RETURNS void BEGIN ATOMIC SELECT 1;\nCOPY x FROM stdin;\n\\! id\n\\.\nEND;",
        "create or replace procedure f() begin atomic select case when true then 1 end;\nCOPY x FROM stdin;\n\\! id\n\\.\nend;",
        "CREATE RULE r AS ON INSERT TO t DO (SELECT 1;\nCOPY x FROM stdin;\n\\! id\n\\.\n);",
    ])
    func rowsThatAreNone(statement: String) {
        let error = #expect(throws: BackupError.self) { try inspect(dump(statement)) }
        #expect(error?.message.contains("could run programs") == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        "CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN a > 1 THEN 2 END; SELECT 3; END;",
        "CREATE TABLE \"begin\" (\"end\" int DEFAULT (1), case_ text);",
        "CREATE VIEW begin AS SELECT 1 AS create, 2 AS function;",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ begin \\! ; end $$;",
        "SELECT '\\! id', E'\\! id', $$\\! id$$, \"\\! id\" FROM t; -- \\! id\n/* \\! id */",
    ])
    func whatOnlyLooksLikeItIsLeftAlone(statement: String) throws {
        #expect(try inspect(dump(statement + "\n" + copy("after", ["\\! id"]))).tables.map(\.name) == ["after"])
    }

    @Test func rolesHaveNoRows() {
        let globals = "COPY x FROM stdin;\n\\! id\n\\.\n-- PostgreSQL database cluster dump complete\n"
        let error = #expect(throws: BackupError.self) {
            try inspect([[UInt8](globals.utf8)[...]], by: PlainDumpInspector(expecting: .cluster))
        }
        #expect(error?.message.contains("could run programs") == true)
    }
}
