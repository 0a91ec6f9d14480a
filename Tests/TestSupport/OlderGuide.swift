package import Foundation

/// The block of variables that the guide of the older scripts tells its readers to set, as it stands there.
package enum OlderGuide: String, CaseIterable, Sendable {
    /// Read by a shell, and exported.
    case shell
    /// Read by systemd as an `EnvironmentFile`, which keeps a comment behind a value.
    case systemd

    package static let file = ServerProcess.servers.deletingLastPathComponent()
        .appending(path: "Fixtures/older-guide.env")

    /// What a program finds in its environment.
    package func environment() async throws -> [String: String] {
        let lines =
            switch self {
            case .shell:
                try await ProgramOutput.of("sh", ["-c", "set -a; . \"$0\"; env", Self.file.path]).text
                    .split(separator: "\n").filter { $0.hasPrefix("BACKUP_") || $0.hasPrefix("DATABASE_URL=") }
            case .systemd:
                try String(contentsOf: Self.file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
            }
        return Dictionary(
            uniqueKeysWithValues: lines.compactMap { line in
                line.firstIndex(of: "=").map { (String(line[..<$0]), String(line[line.index(after: $0)...])) }
            })
    }
}
