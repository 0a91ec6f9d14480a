import Synchronization

/// The secrets that this process knows, so that none of them reaches a log line (P9).
///
/// The last line of defence: messages are to be written without secrets in the first place.
package final class SecretList: Sendable {
    private let secrets = Mutex<[String]>([])

    package init() {}

    /// Knows the values of all variables whose names say that they are secret.
    package convenience init(environment: [String: String]) {
        self.init()
        let marks = ["SECRET", "PASSWORD", "PASSWD", "TOKEN", "WEBHOOK", "PRIVATE_KEY"]
        for (name, value) in environment where marks.contains(where: name.uppercased().contains) { add(value) }
    }

    /// Shorter ones are not taken: replacing every "a" would hide the log, not the secret.
    private static let shortest = 6

    /// From now on `secret` is replaced wherever it would be logged.
    package func add(_ secret: String) {
        guard secret.utf8.count >= Self.shortest else { return }
        secrets.withLock { known in
            guard !known.contains(secret) else { return }
            known.append(secret)
            // Longest first, so that a secret within a secret does not leave the rest of it standing.
            known.sort { $0.utf8.count > $1.utf8.count }
        }
    }

    /// `text` with every known secret replaced by `[redacted]`.
    package func redacted(_ text: String) -> String {
        secrets.withLock { known in
            known.reduce(text) { text, secret in
                text.contains(secret) ? text.replacing(secret, with: "[redacted]") : text
            }
        }
    }
}
