import Domain
import Engines
import Foundation
import Wire

/// Removes what a restore keeps on this host, where the host permits it.
struct DiscardJob: Sendable {
    let order: DiscardOrder
    let remains: RestoreRemains
    let limits: HostGuard

    func run() async throws -> CommandDesk.End {
        try limits.requireDiscardable()
        // Somebody else may be looking at it in this moment.
        for _ in 0..<10 {
            let found = try await remains.look()
            if let item = found.items.first(where: { $0.record.id == order.restore && $0.thing.name == order.name }) {
                try await remains.remove(item)
                return .done(
                    message: "removed \(item.thing.words)", proof: nil, restoredTo: nil, bytes: item.bytes ?? 0)
            }
            try await Task.sleep(for: .milliseconds(500))
        }
        throw BackupError(.notFound, "no restore keeps \(order.name.debugDescription) here")
    }
}
