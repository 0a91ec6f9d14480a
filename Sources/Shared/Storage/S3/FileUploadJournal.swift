package import Domain
import Foundation
import Glibc
import Sealing

/// A journal in a folder: one small file for each upload, durable before ``write(_:)`` returns.
package struct FileUploadJournal: UploadJournal {
    private let folder: String

    /// The folder is made (0700) when it is missing; its parent must be there.
    package init(folder: String) throws(BackupError) {
        self.folder = folder
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw fileFailure(errno, "make \(folder)") }
    }

    /// Removes what a writer that was killed left half written there. Call it before uploads begin.
    package static func sweep(_ folder: String) {
        // A folder that is not there holds nothing; a file that stays is in nobody's way.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasSuffix(".json.new") {
            unlink("\(folder)/\(name)")
        }
    }

    package func write(_ record: UploadRecord) throws(BackupError) {
        let content: Data
        do {
            content = try JSON.encoder().encode(record)
        } catch {
            throw BackupError(.bug, "an upload record cannot be written as JSON", cause: error)
        }
        let name = name(record.store, record.key)
        let fresh = "\(name).new"
        // One writer to a key at a time, so a leftover under this name is from a crash.
        let raw = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard raw >= 0 else { throw fileFailure(errno, "make \(fresh)") }
        let file = Descriptor(raw)
        let written = content.withUnsafeBytes { bytes in
            uninterrupted { Glibc.write(raw, bytes.baseAddress, bytes.count) }
        }
        guard written == content.count, fsync(file.raw) == 0, rename(fresh, name) == 0 else {
            throw fileFailure(written >= 0 && written < content.count ? ENOSPC : errno, "write \(name)")
        }
        try syncFolder()
    }

    package func remove(store: String, key: String) throws(BackupError) {
        let name = name(store, key)
        guard unlink(name) == 0 || errno == ENOENT else { throw fileFailure(errno, "remove \(name)") }
        try syncFolder()
    }

    package func records() throws(BackupError) -> [UploadRecord] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw BackupError(.storageUnavailable, "list \(folder)", cause: error)
        }
        return names.filter { $0.hasSuffix(".json") }.compactMap { name in
            // Files get their name whole, so one that cannot be read is not ours, and says nothing.
            FileManager.default.contents(atPath: "\(folder)/\(name)").flatMap {
                try? JSON.decoder().decode(UploadRecord.self, from: $0)
            }
        }
    }

    private func name(_ store: String, _ key: String) -> String {
        "\(folder)/\(hex(Array(sha256(Array("\(store)\n\(key)".utf8)).prefix(16)))).json"
    }

    private func syncFolder() throws(BackupError) {
        let raw = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { throw fileFailure(errno, "open \(folder)") }
        let descriptor = Descriptor(raw)
        guard fsync(descriptor.raw) == 0 else { throw fileFailure(errno, "make \(folder) durable") }
    }
}
