package import Foundation

/// The first page of a table in a catalog that somebody has open, as a disk that rots damages it.
package struct CatalogPage: Sendable {
    private let file: URL
    private let offset: UInt64
    private let content: Data

    /// Finds the page, and overwrites it. What connections remember of it is void: another one has written meanwhile.
    package static func damage(_ table: String, in file: URL) async throws -> CatalogPage {
        let output = try await ProgramOutput.of(
            "sqlite3",
            [
                "-cmd", ".timeout 20000", file.path,
                """
                SELECT 'page ' || rootpage FROM sqlite_schema WHERE name = '\(table)';
                INSERT OR REPLACE INTO setting (name, value) VALUES ('test', '1');
                PRAGMA wal_checkpoint(TRUNCATE);
                UPDATE setting SET value = '2' WHERE name = 'test';
                """,
            ])
        let line = output.text.split(separator: "\n").first { $0.hasPrefix("page ") }
        guard output.status == 0, let page = line.flatMap({ UInt64($0.dropFirst(5)) }) else {
            throw ServerFailure("sqlite3: \(output.error)")
        }
        let offset = (page - 1) * 4096
        let content = try exchange(file, offset, Data(repeating: 0xee, count: 4096))
        return CatalogPage(file: file, offset: offset, content: content)
    }

    /// Puts back what stood there.
    package func repair() async throws {
        _ = try Self.exchange(file, offset, content)
        _ = try await ProgramOutput.of(
            "sqlite3",
            ["-cmd", ".timeout 20000", file.path, "UPDATE setting SET value = '3' WHERE name = 'test'"])
    }

    private static func exchange(_ file: URL, _ offset: UInt64, _ bytes: Data) throws -> Data {
        let handle = try FileHandle(forUpdating: file)
        defer { try? handle.close() }
        try handle.seek(toOffset: offset)
        guard let before = try handle.read(upToCount: bytes.count) else {
            throw ServerFailure("the file has no such page")
        }
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: bytes)
        return before
    }
}
