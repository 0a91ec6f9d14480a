import Foundation
import TestSupport

extension EveryWayRow {
    /// Public samples in `folder`: `dumps/NAME.dump.sql` (plain dumps, in the encoding that they state), `sqlite/FILE`, and folders
    /// of `trees`, or links to folders.
    static func samples(in folder: URL) throws -> [EveryWayRow] {
        func files(_ name: String) throws -> [URL] {
            let place = folder.appending(path: name)
            guard FileManager.default.fileExists(atPath: place.path) else { return [] }
            return try FileManager.default.contentsOfDirectory(at: place, includingPropertiesForKeys: nil)
                .sorted { $0.path < $1.path }
        }
        let databases = try files("dumps").filter { $0.path.hasSuffix(".dump.sql") }.enumerated().flatMap {
            number, file in
            [("plain", number % 3 == 0 ? "zstd" : "gzip"), ("custom", number % 3 == 1 ? "zstd" : "gzip")].map {
                database(file, format: $0, codec: $1)
            }
        }
        let sqlite = try files("sqlite").filter { !$0.path.hasSuffix("-wal") && !$0.path.hasSuffix("-shm") }
            .enumerated().map {
                number, file in
                EveryWayRow(
                    name: file.lastPathComponent, codec: number % 4 == 0 ? "zstd" : "gzip",
                    subject: .sqlite { try await ran("cp", ["-a", file.path, $0.path]) })
            }
        let trees = try files("trees").enumerated().map { number, file in
            EveryWayRow(
                name: file.lastPathComponent, codec: number % 2 == 0 ? "zstd" : "gzip",
                subject: .tree { try await ran("cp", ["-a", "--sparse=always", file.path + "/.", $0.path]) })
        }
        return databases + sqlite + trees
    }

    private static func database(_ file: URL, format: String, codec: String) -> EveryWayRow {
        EveryWayRow(
            name: file.lastPathComponent.replacing(".dump.sql", with: ""), codec: codec,
            subject: .postgres(format: format) { cluster, database in
                let stated = try await ran("sed", ["-n", "s/^SET client_encoding = '\\(.*\\)';$/\\1/p", file.path])
                let encoding = stated.split(separator: "\n").first.map(String.init) ?? "UTF8"
                let locale = encoding == "UTF8" ? "C.UTF-8" : "C"
                try await cluster.tool(
                    "createdb", ["-T", "template0", "-E", encoding, "--locale", locale, database])
                try await cluster.tool(
                    "psql", ["-X", "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1", "-f", file.path],
                    database: database)
            })
    }
}
