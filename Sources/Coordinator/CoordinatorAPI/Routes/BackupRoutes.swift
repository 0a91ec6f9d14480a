import CoordinatorCore
import Domain
import HTTPTypes

extension RouteTable {
    mutating func addBackups(_ coordinator: Coordinator) {
        operators(.get, "/v1/backups", .viewer) { call, by in
            let tier = try call.query("tier").map { text in
                guard let tier = Tier(rawValue: text) else { throw BackupError(.usage, "there is no such tier") }
                return tier
            }
            return try Answer.json(
                await coordinator.backups(
                    tier: tier, database: call.query("database"), agent: call.query("agent"), limit: call.limit(),
                    by: by))
        }
        operators(.post, "/v1/backups", .operator) { call, by in
            try Answer.json(await coordinator.startBackup(call.body(), by: by), status: .accepted)
        }
        operators(.get, "/v1/backups/{backup}", .viewer) { call, by in
            try Answer.json(await coordinator.backup(call.parameter("backup"), by: by))
        }
        operators(.post, "/v1/backups/verify-all", .operator) { _, by in
            try Answer.json(await coordinator.verifyAll(by: by), status: .accepted)
        }
        operators(.post, "/v1/backups/{backup}/verify", .operator) { call, by in
            try Answer.json(await coordinator.verify(backup: call.parameter("backup"), by: by), status: .accepted)
        }
        operators(.post, "/v1/backups/{backup}/restore", .restorer) { call, by in
            try Answer.json(
                await coordinator.restore(backup: call.parameter("backup"), call.body(), by: by), status: .accepted)
        }
    }
}
