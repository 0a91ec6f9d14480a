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

    private var unreadable: BackupError {
        BackupError(
            .storageRefused,
            "\(root)/\(Self.markName) is damaged: put it back from a copy of this directory, or delete it and, in the agent's "
                + "data directory, places.json")
    }
}
