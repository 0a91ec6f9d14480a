import Archive
import Domain
import Testing

@Suite(.timeLimit(.minutes(5)))
struct InspectPlainDumpTests {
    static let completion = "-- PostgreSQL database dump complete"

    /// Everything that could fool a reader of dumps, between tables whose fingerprints are known.
    static let hostileRows = [
        "1\t\\N", "", "\\\\.", "\\\\.\tx", "-- \(completion)", completion, "--", "COPY public.fake (a) FROM stdin;",
        "\\N\t\\.x", "\\.x", "\\. ", "it's $$ \"x /* '", "\\", "\\unrestrict qN7kZb1", "\t", ".",
    ]
    static let hostileStatements = [
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$\nBEGIN\nCOPY t (a) FROM stdin;\n\\.\n\(completion)\n$ $g$ it's \" $$;\nEND $f$;",
        "CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $$SELECT 'a$b$'$$;",
        "CREATE FUNCTION h(integer) RETURNS integer LANGUAGE sql\n    BEGIN ATOMIC\n SELECT ($1 + 1);\n SELECT $2;\nEND;",
        "COMMENT ON TABLE t IS 'it''s\n\(completion)\nCOPY x (a) FROM stdin;\n\\.\n';",
        "CREATE VIEW v AS SELECT 'back\\slash\\' AS x, E'it\\'s \\\\' AS y, e'a''b\\\\''c;' AS z;",
        "ALTER TABLE \"we\"\"ird;'\n\(completion)\nCOPY y (a) FROM stdin;\n--\" OWNER TO \"o'x\";",
        "/* COPY z (a) FROM stdin; /* nested ' */ \" */ SELECT 1 -- it's; \"one\" $$ more\n + 2;",
        "-- Name: COPY c (a) FROM stdin; it's \"one\" $$ /* ; Type: TABLE\nSELECT 3 - -1 / 2 * 3;",
        "SELECT pg_catalog.lowrite(0, '\\x" + String(repeating: "5c2e0a", count: 500) + "');",
        "SELECT 'COPY q (a) FROM stdin;', a$b$c FROM type'x', price\"e\"'y\\';",
        "INSERT INTO t VALUES ('COPY r (a) FROM stdin;\n');",
        "COPY public.log (a) TO stdout;",
        "-- almost: \(completion)\n--\(completion)\n\(completion) \n \(completion)x",
    ]

    @Test func tablesAreFoundWithTheirRowsAndDigests() throws {
        let names = ["public.orders", "public.\"we\"\"ird; FROM stdin;\nna.me\"", "\"Ünï\".\"(\"", "s.t"]
        let between = Self.hostileStatements.map { $0 + "\n" }.joined()
        let body = names.map { copy($0, Self.hostileRows) }.joined(separator: between)
        let found = try inspect(dump(body))
        #expect(try found.tables == names.map { try fingerprint($0, Self.hostileRows) })
        #expect(found.entries == nil)
    }

    @Test(arguments: hostileStatements)
    func aStatementThatLooksLikeSomethingElseIsPassedOver(statement: String) throws {
        let found = try inspect(dump(statement + "\n" + copy("after", ["1"])))
        #expect(try found.tables == [fingerprint("after", ["1"])])
    }

    @Test func tablesWithoutRowsAndWithoutColumnsCountToo() throws {
        let body = copy("empty", []) + copy("public.nocolumns", ["", ""], columns: "") + copy("last", ["\\N"])
        let found = try inspect(dump(body)).tables
        #expect(
            try found == [
                fingerprint("empty", []), fingerprint("public.nocolumns", ["", ""]), fingerprint("last", ["\\N"]),
            ])
        #expect(found[0].sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func whereTheBytesAreCutDoesNotMatter() throws {
        let bytes = dump(
            copy("a", Self.hostileRows)
                + Self.hostileStatements.filter { !$0.contains("lowrite") }.joined(separator: "\n")
                + "\n" + copy("b\"c\nd\"", ["", "x"]))
        let whole = try inspect(bytes)
        #expect(whole.tables.count == 2)
        for cut in bytes.indices {
            #expect(try inspect([bytes[..<cut], bytes[cut...]], by: PlainDumpInspector()) == whole, "cut at \(cut)")
        }
        for size in [1, 2, 3, 5, 8, 9, 10, 11, 64] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
            #expect(try inspect(pieces, by: PlainDumpInspector()) == whole, "pieces of \(size)")
        }
    }

    @Test(arguments: [nil, "qN7kZb1"])
    func aDumpCutAnywhereIsNotComplete(key: String?) throws {
        let bytes = dump(copy("a", ["1\t2", "\\N\tx"]) + Self.hostileStatements[0] + "\n", key: key)
        // Blank and comment lines behind the last line that says something may be missing.
        let needed = String(decoding: bytes, as: UTF8.self)
            .ranges(of: key.map { "\\unrestrict \($0)\n" } ?? Self.completion + "\n").last
        let end = try String(decoding: bytes, as: UTF8.self).utf8.distance(
            from: String(decoding: bytes, as: UTF8.self).startIndex, to: #require(needed).upperBound)
        for length in 0..<end {
            let error = #expect(throws: BackupError.self, "cut to \(length) of \(bytes.count)") {
                try inspect(Array(bytes.prefix(length)))
            }
            #expect(error?.code == .integrity)
            #expect(error?.message.hasPrefix("the dump is not complete: ") == true)
        }
        #expect(try inspect(bytes).tables.count == 1)
    }

    @Test(arguments: [
        "x", "SELECT 1;\n", "-- and more\nSELECT 1;\n-- bye\n", "COPY t (a) FROM stdin;\n\\.\n", "\\connect other\n",
        "\\unrestrict other\nx", "'", "/*", "\u{0}\u{0}", "-- cut comment", "COPY t (a) FROM stdin;\n",
        "\\restrict again\n", "DO $$ -- ;\n",
    ])
    func whatFollowsTheEndMakesItNoEnd(more: String) throws {
        let error = #expect(throws: BackupError.self) { try inspect(dump("SELECT 1;") + [UInt8](more.utf8)) }
        #expect(error?.code == .integrity)
    }

    @Test func blankAndCommentLinesMayFollowTheEnd() throws {
        _ = try inspect(dump("SELECT 1;") + [UInt8]("\n\n-- bye\n  \n/* and bye */\n".utf8))
    }

    @Test func aDumpThatWasRestrictedMustBeReleasedWithItsOwnKey() throws {
        let text = String(decoding: dump("SELECT 1;", key: "abc"), as: UTF8.self)
        _ = try inspect([UInt8](text.utf8))
        for bad in ["\\unrestrict abd\n", "\\unrestrict\n", "\n", "\\unrestrict ab\n"] {
            let changed = text.replacing("\\unrestrict abc\n", with: bad)
            #expect(throws: BackupError.self, "\(bad)") { try inspect([UInt8](changed.utf8)) }
        }
    }

    @Test func anEndThatOnlyDataOrTextHoldsIsNone() throws {
        for body in [
            copy("t", [Self.completion]), "SELECT '\n\(Self.completion)\n';", "SELECT $x$\n\(Self.completion)\n$x$;",
        ] {
            let bytes = dump(body, end: "-- PostgreSQL database dump")
            #expect(throws: BackupError.self) { try inspect(bytes) }
        }
        #expect(throws: BackupError.self) { try inspect([]) }
        #expect(throws: BackupError.self) { try inspect([UInt8]("\n\n".utf8)) }
    }

    @Test func globalsEndWithTheClustersLine() throws {
        let globals = """
            --
            -- PostgreSQL database cluster dump
            --

            \\restrict k3y

            CREATE ROLE "o'x";
            ALTER ROLE "o'x" WITH LOGIN PASSWORD 'SCRAM-SHA-256$4096:a$b:c';

            \\unrestrict k3y

            --
            -- PostgreSQL database cluster dump complete
            --


            """
        let bytes = [UInt8](globals.utf8)
        _ = try inspect([bytes[...]], by: PlainDumpInspector(expecting: .cluster))
        #expect(throws: BackupError.self) { try inspect(bytes) }
        #expect(throws: BackupError.self) { try inspect([dump("")[...]], by: PlainDumpInspector(expecting: .cluster)) }
    }

    @Test func longRowsLongNamesAndManyTablesAreFollowed() throws {
        let rows = [String(repeating: "x", count: 3_000_000), "\\N", String(repeating: "\\\\.", count: 100_000)]
        let columns =
            "(" + (0..<1600).map { "\"\($0)\(String(repeating: "\"\"", count: 60))\"" }.joined(separator: ", ") + ")"
        let body = copy("wide", rows, columns: columns) + (0..<300).map { copy("t\($0)", ["\($0)"]) }.joined()
        let found = try inspect(dump(body)).tables
        #expect(found.count == 301)
        #expect(try found[0] == fingerprint("wide", rows))
        #expect(try found[300] == fingerprint("t299", ["299"]))
    }
}
