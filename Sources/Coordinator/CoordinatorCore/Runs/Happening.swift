import Archive
import Catalog
import Domain
import Foundation
import Logging
import Wire

/// One line of the coordinator's log for a thing that has ended: a backup, a verification, a restore, a deletion. What people look
/// for with `grep` is in each: `failed` and `error` where something failed, `compressed_size=`, `cleanup`.
struct Happening: Sendable {
    var level: Logger.Level
    var message: String
    var metadata: Logger.Metadata

    func log(to logger: Logger) { logger.log(level: level, "\(message)", metadata: metadata) }

    /// A run that has come to an end; nil for one that has not.
    static func end(of run: RunRecord, agent: String, database: DatabaseName, _ manifest: Manifest?) -> Happening? {
        guard run.state.isTerminal else { return nil }
        var metadata: Logger.Metadata = [
            "agent": "\(agent)", "database": "\(database)", "run": "\(id(run.id))",
            "tier": "\(run.tiers.map(\.rawValue).joined(separator: ","))",
        ]
        if let start = run.startedAt, let end = run.finishedAt {
            metadata["seconds"] = "\(Int(max(0, end.timeIntervalSince(start))))"
        }
        switch run.state {
        case .succeeded:
            metadata["backup"] = run.backup.map { "\(id($0))" }
            metadata["compressed_size"] = "\(manifest?.objects.reduce(0) { $0 + $1.storedBytes } ?? 0)"
            metadata["plain_size"] = "\(manifest?.objects.reduce(0) { $0 + $1.plainBytes } ?? 0)"
            return Happening(level: .info, message: "backup finished", metadata: metadata)
        case .failed, .lost, .missed:
            metadata["error"] = "\((run.failure?.message ?? run.reason ?? "no reason was given").prefix(1000))"
            let word = run.state == .failed ? "" : " (\(run.state.rawValue))"
            return Happening(level: .error, message: "backup failed\(word)", metadata: metadata)
        case .cancelled, .skipped, .running, .unknown:
            metadata["reason"] = run.reason.map { "\($0)" }
            return Happening(level: .notice, message: "backup \(run.state.rawValue)", metadata: metadata)
        }
    }

    /// An operation that has come to an end; nil for one that has not.
    static func end(of operation: OperationRecord, agent: String?) -> Happening? {
        guard !operation.isOpen else { return nil }
        var metadata: Logger.Metadata = [
            "operation": "\(id(operation.id))", "backup": "\(id(operation.backup))",
            "destination": "\(operation.destination)",
        ]
        metadata["agent"] = agent.map { "\($0)" }
        if let end = operation.finishedAt {
            metadata["seconds"] = "\(Int(max(0, end.timeIntervalSince(operation.startedAt))))"
        }
        let what =
            switch operation.kind {
            case .verify: "verification"
            case .restore: "restore"
            case .delete: "cleanup"
            }
        guard operation.state == .succeeded else {
            metadata["error"] =
                "\((operation.failure?.message ?? operation.message ?? "no reason was given").prefix(1000))"
            let isCancelled = operation.state == .cancelled
            return Happening(
                level: isCancelled ? .notice : .error, message: what + (isCancelled ? " cancelled" : " failed"),
                metadata: metadata)
        }
        if operation.kind == .verify { metadata["compressed_size"] = "\(operation.bytes)" }
        return Happening(level: .info, message: what + " finished", metadata: metadata)
    }

    /// A copy that retention or an operator let go.
    static func cleanup(_ copy: CopyRecord) -> Happening {
        Happening(
            level: .info, message: "cleanup finished",
            metadata: [
                "backup": "\(id(copy.backup))", "destination": "\(copy.place.name)", "folder": "\(copy.folder)",
                "compressed_size": "\(copy.objects.reduce(Int64(0)) { $0 + $1.bytes })",
            ])
    }

    private static func id(_ id: UUID) -> String { id.uuidString.lowercased() }
}
