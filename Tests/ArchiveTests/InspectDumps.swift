import Archive
import Domain

/// A dump as `pg_dump` 15.18 writes it, around `body`.
func dump(_ body: String, key: String? = "qN7kZb1", end: String = "-- PostgreSQL database dump complete") -> [UInt8] {
    let restrict = key.map { "\\restrict \($0)\n\n" } ?? ""
    let unrestrict = key.map { "\\unrestrict \($0)\n\n" } ?? ""
    let head = "--\n-- PostgreSQL database dump\n--\n\n\(restrict)-- Dumped from database version 15.18\n\n"
    return [UInt8](
        """
        \(head)SET statement_timeout = 0;
        SET standard_conforming_strings = on;
        SELECT pg_catalog.set_config('search_path', '', false);

        \(body)

        --
        \(end)
        --

        \(unrestrict)
        """.utf8)
}

/// The data of one table as it stands in a dump.
func copy(_ name: String, _ rows: [String], columns: String = "(a, b)") -> String {
    "COPY \(name) \(columns) FROM stdin;\n" + rows.map { $0 + "\n" }.joined() + "\\.\n\n"
}

/// The fingerprint that such a table must have.
func fingerprint(_ name: String, _ rows: [String]) throws -> TableFingerprint {
    let bytes = [UInt8](rows.map { $0 + "\n" }.joined().utf8)
    return TableFingerprint(name: name, rows: Int64(rows.count), sha256: try sha256(bytes))
}

/// What the inspector says of `bytes` that reach it in the given pieces.
func inspect(_ pieces: [ArraySlice<UInt8>], by inspector: any Inspector) throws(BackupError) -> Inspection {
    for piece in pieces { piece.withUnsafeBytes { inspector.consume($0) } }
    return try inspector.finish()
}

func inspect(_ bytes: [UInt8]) throws(BackupError) -> Inspection {
    try inspect([bytes[...]], by: PlainDumpInspector())
}
