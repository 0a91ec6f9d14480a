package import Domain
import Glibc

/// Who else may read or change a file that this program goes by. As ssh does it: what others could have written is not used.
package enum FileRights {
    package enum Kind: Sendable {
        /// A private key: for its owner alone.
        case key
        /// Settings, which others may read unless they hold a secret. Its group may read them even then: that is how a service
        /// reads what root owns.
        case settings(holdSecret: Bool)
    }

    /// Throws `.configuration`, with the command that mends it, when others than the owner (this user or root) have more rights
    /// than that. A file that is not there is fine.
    package static func require(_ path: String, _ kind: Kind, user: UInt32 = geteuid()) throws(BackupError) {
        var facts = stat()
        // Whoever reads it says what is wrong with it.
        guard stat(path, &facts) == 0 else { return }
        guard facts.st_uid == user || facts.st_uid == 0 else {
            throw BackupError(
                .configuration,
                "\(path) belongs to user \(facts.st_uid), who could change what this one goes by: chown root \(path)")
        }
        let mode = facts.st_mode
        switch kind {
        case .key:
            guard mode & 0o077 == 0 else {
                throw BackupError(
                    .configuration,
                    "\(path) is a private key that other users of this host may \(mode & 0o022 == 0 ? "read" : "change"): "
                        + "chmod 600 \(path)")
            }
        case .settings(let holdSecret):
            guard mode & 0o022 == 0 else {
                throw BackupError(
                    .configuration, "\(path) can be changed by other users of this host: chmod go-w \(path)")
            }
            guard !holdSecret || mode & 0o007 == 0 else {
                throw BackupError(
                    .configuration,
                    "\(path) holds a secret and is open to every user of this host: chmod o-rwx \(path), or write env:NAME or "
                        + "file:PATH in it instead")
            }
        }
    }
}
