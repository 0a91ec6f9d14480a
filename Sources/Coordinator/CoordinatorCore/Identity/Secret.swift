import Domain
import Sealing

/// Tokens: a public id and a secret, of which only the hash is kept.
struct Secret {
    let id: String
    /// Shown once.
    let secret: String

    /// Makes a new one: 48 random bits of id, 256 of secret.
    init() throws(BackupError) {
        (id, secret) = try sealing("making a token", .bug) { () throws(SealingError) in
            (hex(try randomBytes(6)), hex(try randomBytes(32)))
        }
    }

    var hash: String { Self.hash(secret) }

    static func hash(_ secret: String) -> String { hex(sha256(Array(secret.utf8))) }

    /// Compares in a time that says nothing about where the difference is.
    static func matches(_ secret: String, hash: String) -> Bool {
        constantTimeEqual(Array(Self.hash(secret).utf8), Array(hash.utf8))
    }
}

/// An operator's token as text: `hft_<id>_<secret>`.
enum OperatorToken {
    static func text(_ secret: Secret) -> String { "hft_\(secret.id)_\(secret.secret)" }

    static func parse(_ text: String) -> (id: String, secret: String)? {
        let parts = text.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
        guard text.utf8.count <= 200, parts.count == 3, parts[0] == "hft", !parts[1].isEmpty, !parts[2].isEmpty else {
            return nil
        }
        return (String(parts[1]), String(parts[2]))
    }
}
