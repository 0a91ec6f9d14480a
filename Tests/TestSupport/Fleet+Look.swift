import Domain
package import Foundation
package import Wire

extension Fleet {
    /// A SQLite file among the fleet's own, made or changed by the stock client.
    @discardableResult
    package func sqlite(_ name: String, _ sql: String) async throws -> URL {
        let file = folder.appending(path: name)
        let output = try await ProgramOutput.of("sqlite3", [file.path, sql])
        guard output.status == 0 else { throw ServerFailure("sqlite3: \(output.error)") }
        return file
    }

    /// Applies these policies, each a line or more with two spaces before it, with the directory `local` to go to.
    package func applyLocally(policies: String) async throws {
        try await apply("destinations: { local: { directory: \(local.path) } }\npolicies:\n\(policies)\n")
    }

    /// What is open, newest first.
    package func alerts() async throws -> [IncidentView] { try await list([IncidentView].self, "alert", "list") }

    /// Newest first.
    package func backups() async throws -> [BackupView] {
        try await list([BackupView].self, "backup", "list", "--limit", "10000").sorted { $0.recordedAt > $1.recordedAt }
    }

    /// One database as `database list` has it; nil when it is not there.
    package func database(_ name: String) async throws -> DatabaseView? {
        try await list([DatabaseView].self, "database", "list").first { $0.name.rawValue == name }
    }

    /// Waits until the coordinator has heard of that many databases.
    package func knows(_ count: Int) async throws {
        try await eventually("\(count) databases are known") {
            try await list([DatabaseView].self, "database", "list").count == count ? true : nil
        }
    }

    /// Waits until that agent is online.
    package func isOnline(_ agent: String) async throws {
        try await eventually("\(agent) is online") {
            let all = try await list([AgentView].self, "agent", "list")
            return all.contains { $0.name == agent && $0.state == .online } ? true : nil
        }
    }

    /// As which the agent's own process is known to the coordinator.
    package func instance(of agent: String) async throws -> UUID? {
        let sql = "SELECT json_extract(processes, '$.current.process.instance') FROM agent WHERE name = '\(agent)'"
        return try await catalog(sql).first.flatMap(UUID.init)
    }
}
