import Daemon
import Domain
import Foundation

/// One small JSON value on disk, replaced as a whole.
struct DurableFile<Value: Codable> {
    let url: URL

    /// nil when there is none. A file that was cut or changed throws `.integrity`, one that this user may not read
    /// `.configuration`: it is not to be taken for none.
    func load() throws(BackupError) -> Value? {
        guard access(url.path, R_OK) == 0 else {
            let reason = errno
            if reason == ENOENT { return nil }
            throw BackupError(
                .configuration,
                "\(url.path) cannot be read (\(String(cString: strerror(reason)))); run this as the user of the agent")
        }
        do {
            return try JSON.decoder().decode(Value.self, from: Data(contentsOf: url))
        } catch let error as DecodingError {
            throw BackupError(.integrity, "\(url.path) is damaged: \(error.words)")
        } catch {
            throw BackupError(.integrity, "\(url.path) cannot be read", cause: error)
        }
    }

    func save(_ value: Value) throws(BackupError) {
        let data: Data
        do { data = try JSON.encoder().encode(value) } catch {
            throw BackupError(.bug, "encoding \(url.lastPathComponent)", cause: error)
        }
        try AtomicFile.write(url.path, [UInt8](data), mode: 0o600)
    }

    /// Removes it; absent is fine.
    func remove() throws(BackupError) {
        guard unlink(url.path) == 0 || errno == ENOENT else {
            throw BackupError(.storageRefused, "removing \(url.path): \(String(cString: strerror(errno)))")
        }
    }
}
