import Foundation
import TestSupport

/// What a source or a result holds, as `truth.py` finds it without any of the product.
struct Truth {
    struct Difference: Decodable {
        let key: String
        let before: String
        let after: String
        var words: String { "\(key): \(before) -> \(after)" }
    }

    private struct Differences: Decodable {
        let count: Int
        let differences: [Difference]
    }

    private let file: URL
    private static let script = ServerProcess.servers.appending(path: "truth.py").path

    /// `place` is a path, or the name of a database of the cluster.
    static func take(_ kind: String, _ place: String, _ cluster: PostgresCluster, in folder: URL) async throws -> Truth
    {
        let file = folder.appending(path: "\(UUID().uuidString).truth")
        try await ran(
            "python3", [script, "take", kind, place, file.path], environment: cluster.clientEnvironment)
        return Truth(file: file)
    }

    /// At most the first 200; of databases also but for whose something is, and what the database itself is set to.
    func differences(from other: Truth, butForOwners: Bool = false) async throws -> [Difference] {
        let manner = butForOwners ? ["strangers"] : []
        let text = try await ran("python3", [Self.script, "compare", file.path, other.file.path] + manner)
        return try JSONDecoder().decode(Differences.self, from: Data(text.utf8)).differences
    }
}

extension PostgresCluster {
    /// For stock clients, as superuser.
    var clientEnvironment: [String: String] {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return ["PGHOST": folder, "PGPORT": String(port), "PGUSER": "postgres", "PATH": "\(binDirectory):\(path)"]
    }
}
