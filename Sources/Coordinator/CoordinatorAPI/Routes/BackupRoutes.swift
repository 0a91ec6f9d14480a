import CoordinatorCore
import Domain
import Foundation
import HTTPTypes
import Wire

extension RouteTable {
    mutating func addBackups(_ coordinator: Coordinator) {
        operators(.get, "/v1/backups", .viewer) { call, by in
            try Answer.json(await coordinator.backups(call.backupQuery(), by: by))
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
        operators(.post, "/v1/adoptable", .operator) { call, by in
            try Answer.json(await coordinator.adoptable(call.body(), by: by))
        }
        operators(.post, "/v1/backups/{backup}/unpin", .admin) { call, by in
            try Answer.json(await coordinator.unpin(backup: call.parameter("backup"), by: by))
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

extension Call {
    fileprivate func backupQuery() throws(BackupError) -> BackupQuery {
        BackupQuery(
            tier: try word("tier"), database: query("database"), agent: query("agent"), state: try word("state"),
            since: try time("since"), before: try time("before"), at: try time("at"), limit: try limit(),
            path: query("path"))
    }

    private func word<Value: RawRepresentable<String>>(_ name: String) throws(BackupError) -> Value? {
        guard let text = query(name) else { return nil }
        guard let value = Value(rawValue: text) else { throw BackupError(.usage, "there is no such \(name)") }
        return value
    }

    private func time(_ name: String) throws(BackupError) -> Date? {
        guard let text = query(name) else { return nil }
        guard let time = Timestamp.date(text) else {
            throw BackupError(.usage, "\(name) must be a time such as 2026-01-15T02:00:00Z")
        }
        return time
    }
}
