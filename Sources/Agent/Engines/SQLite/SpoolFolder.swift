import Domain
package import Foundation
import Glibc

/// A private folder for one copy. What a killed agent left is removed by ``removeLeftovers(in:)`` at the next start.
package struct SpoolFolder: Sendable {
    private static let prefix = "copy-"

    let path: String

    init(in spool: URL) throws(BackupError) {
        let base = spool.path(percentEncoded: false)
        do {
            try FileManager.default.createDirectory(
                at: spool, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw BackupError(.storageRefused, "making the spool \(base)", cause: error)
        }
        guard let facts = FileIdentity(ofLink: base.trimmingSuffix("/")), facts.isFolder, facts.mode & 0o022 == 0 else {
            throw BackupError(.configuration, "the spool \(base) must be a folder that only its owner can write to")
        }
        var template = Array("\(base)/\(Self.prefix)XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw BackupError(.storageRefused, "making a folder in the spool \(base): errno \(errno)")
        }
        path = String(cString: made)
    }

    func remove() {
        // What stays is removed at the next start.
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Removes copies that a killed agent left. To be called once, before the first backup begins.
    package static func removeLeftovers(in spool: URL) {
        let base = spool.path(percentEncoded: false)
        // A spool that is not there has no leftovers.
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? [] where entry.hasPrefix(prefix) {
            try? FileManager.default.removeItem(atPath: base + "/" + entry)
        }
    }
}

extension String {
    /// Without `suffix` at the end, as often as it stands there.
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        var text = self[...]
        while text.count > suffix.count, text.hasSuffix(suffix) { text = text.dropLast(suffix.count) }
        return String(text)
    }
}
