import Archive
import Domain
import Foundation
import Storage
import Threads
import Wire

/// Deletes one backup's files on this host, when they are this agent's, and that backup's.
struct DeleteJob {
    let order: DeleteOrder
    let agentName: String
    let destinations: DestinationOpener

    /// Throws `.forbidden` when the keys are not of this agent's own folders, or the manifest there is of another backup: then
    /// nothing is deleted. What is gone already is no error, so that it may be asked for again.
    func run() async throws -> CommandDesk.End {
        try checkOwn()
        try await onThread { () throws(BackupError) in
            let store = try destinations.open(
                Destination(name: order.destination, directory: order.directory), stop: StopSignal())
            try checkManifest(store)
            for key in order.keys { try store.delete(key) }
        }
        return .done(
            message: "\(CountText.of(order.keys.count, "object")) deleted", proof: nil, restoredTo: nil, bytes: 0)
    }

    /// The coordinator can name only what this agent has stored: its own folders, and no path out of them (DESIGN section 5).
    private func checkOwn() throws(BackupError) {
        let folders = BackupKeys.folders.map { "\(agentName)/\($0)/" }
        for key in order.keys {
            guard folders.contains(where: { key.hasPrefix($0) && !key.dropFirst($0.count).contains("/") }) else {
                throw BackupError(.forbidden, "\(key) is not one of this agent's backups")
            }
        }
    }

    /// Every manifest that is there, named or not, is that of the backup which is meant; and no object goes alone while its
    /// manifest says that it is there.
    private func checkManifest(_ store: any ObjectStore) throws(BackupError) {
        let named = Set(order.keys)
        var manifests: Set<String> = []
        for key in order.keys { manifests.insert(try Self.manifestKey(key)) }
        for key in manifests.sorted() {
            let stored: Manifest
            do throws(BackupError) {
                stored = try Manifest(decoding: store.get(key, limit: Manifest.sizeLimit))
            } catch  where error.code == .notFound {
                // It went first, the last time that this was asked for; or the copy never was whole.
                continue
            } catch  where error.code == .integrity {
                throw BackupError(.forbidden, "\(key) is no manifest that can be read: nothing was deleted")
            }
            guard stored.id == order.backup else {
                throw BackupError(.forbidden, "\(key) is of another backup: nothing was deleted")
            }
            guard named.contains(key) else {
                throw BackupError(
                    .forbidden, "\(key) is not to be deleted, and what it describes is: nothing was deleted")
            }
        }
    }

    private static func manifestKey(_ key: String) throws(BackupError) -> String {
        if key.hasSuffix(".json") { return key }
        guard let slash = key.lastIndex(of: "/"),
            let name = BackupKeys.manifestName(beside: String(key[key.index(after: slash)...]))
        else { throw BackupError(.forbidden, "\(key) is not one of this agent's backups") }
        return key[...slash] + name
    }
}
