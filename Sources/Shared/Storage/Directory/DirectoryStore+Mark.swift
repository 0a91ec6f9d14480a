package import Domain
package import Foundation
import Glibc
import Sealing

/// The file that tells a directory from an empty mount point, or from another disk in its place.
private struct DirectoryMark: Codable {
    var destination: UUID
    var note = "Holdfast knows this backup destination by this file. Keep it, and copy it with the rest."
}

extension DirectoryStore {
    /// Its name, in the root. It is no object.
    package static let markName = ".holdfast-destination"

    /// What this directory is; nil when it says nothing. Throws `.storageUnavailable` when there is no directory, and
    /// `.storageRefused` when its mark cannot be read.
    package func mark() throws(BackupError) -> UUID? {
        let bytes: [UInt8]
        do throws(BackupError) {
            bytes = try get(Self.markName, limit: 4096)
        } catch {
            switch error.code {
            case .notFound: return nil
            case .integrity: throw unreadable
            default: throw error
            }
        }
        guard let mark = try? JSON.decoder().decode(DirectoryMark.self, from: Data(bytes)) else { throw unreadable }
        return mark.destination
    }

    /// Marks the directory, and makes it when it is missing. Answers its mark: another one when somebody was faster.
    package func setMark(_ id: UUID) throws(BackupError) -> UUID {
        let bytes: [UInt8]
        do { bytes = try [UInt8](JSON.encoder(pretty: true).encode(DirectoryMark(destination: id))) } catch {
            throw BackupError(.bug, "encoding a destination's mark", cause: error)
        }
        do throws(BackupError) {
            _ = try put(Self.markName, bytes, sha256: hex(sha256(bytes)))
            return id
        } catch  where error.code == .exists {
            guard let other = try mark() else { throw error }
            return other
        }
    }

    /// Whether nothing lies in it but what a file system or a killed upload leaves there. True also when it is missing.
    package func isEmpty() throws(BackupError) -> Bool {
        try names().allSatisfy { $0 == "lost+found" || $0.hasSuffix(Self.partialSuffix) }
    }

    /// Whether some agent's manifests lie in it.
    package func holdsManifests() throws(BackupError) -> Bool {
        for agent in try names() {
            for folder in ["database-backups", "application-backups"] {
                // What is no folder, or may not be looked into, holds none that count.
                let names = try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(agent)/\(folder)")
                if names?.contains(where: { $0.hasSuffix(".json") }) == true { return true }
            }
        }
        return false
    }

    private func names() throws(BackupError) -> [String] {
        do throws(BackupError) {
            return try tree.names(in: tree.open())
        } catch  where error.code == .storageUnavailable && access(root, F_OK) != 0 && errno == ENOENT {
            return []
        }
    }

    private var unreadable: BackupError {
        BackupError(
            .storageRefused,
            "\(root)/\(Self.markName) is damaged: put it back from a copy of this directory, or delete it and, in the agent's "
                + "data directory, places.json")
    }
}
