import Domain
import Engines
import Foundation
import Storage
import Threads
import Wire

extension DestinationOpener {
    /// What is written to a directory to see that there is room: less is no room for a backup.
    private static let trial = 1 << 20

    /// What is worth knowing of a destination, and whether a promise does not hold there.
    struct Examined: Sendable {
        let words: String
        let breaksPromise: Bool
    }

    /// Tries what a backup does at a destination, with this host's own credentials. Blocks. Throws what would stop a backup there. In a
    /// directory nothing is left; in a store two small objects may be.
    func examine(_ destination: Destination, as host: String) throws(BackupError) -> Examined {
        let destination = try limits.allowed(destination)
        guard let s3 = destination.s3 else {
            return Examined(words: try examineDirectory(destination), breaksPromise: false)
        }
        let found = try s3Store(s3, stop: StopSignal()).probeAsHost(
            prefix: s3.prefix, folder: "\(host)/", token: world.newID().uuidString.lowercased())
        return Examined(words: Self.words(found, s3), breaksPromise: !found.excess.isEmpty)
    }

    private func examineDirectory(_ destination: Destination) throws(BackupError) -> String {
        let store = try open(destination, stop: StopSignal())
        let upload = try store.beginUpload(".holdfast-doctor")
        defer { upload.abort() }
        let path = destination.directory?.path ?? paths.backups.path
        let free = FreeBytes.at(path)
        let written: Result<Void, BackupError> = [UInt8](repeating: 0x68, count: Self.trial).withUnsafeBytes { bytes in
            Result { () throws(BackupError) in try upload.write(bytes) }
        }
        try written.get()
        guard let free else { return "writable" }
        guard free >= Self.trial else {
            throw BackupError(.storageRefused, "the disk of \(path) is full; free space there")
        }
        return "writable, \(free >> 20) MiB free"
    }

    private static func words(_ found: HostProbe, _ s3: Destination.S3) -> String {
        let ways = found.ways
        var words = ["takes objects, by one request and in parts"]
        if ways.conditionOnPut != .honoured || ways.conditionOnComplete != .honoured {
            words.append(
                "does not always refuse to overwrite: names that nobody can guess are used there, and who knows one can "
                    + "overwrite it unless the bucket keeps versions (P5)")
        }
        if !found.excess.isEmpty {
            words.append(
                "these credentials may also \(found.excess.map(\.rawValue).joined(separator: ", ")): there it does not hold that a "
                    + "database host can neither read nor delete backups, nor touch another host's (P5); see deploy/examples"
            )
        }
        if let archive = s3.archiveWarning { words.append(archive) }
        return words.joined(separator: "; ")
    }
}
