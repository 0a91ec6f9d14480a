import Domain
import Foundation

/// The coordinator's address as people give it.
enum CoordinatorAddress {
    /// `https://host[:port]`, without a slash at the end. Throws `.usage` for anything else: a path, a query, a user, plain HTTP.
    static func checked(_ text: String) throws(BackupError) -> String {
        let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard let parts = URLComponents(string: text), parts.scheme?.lowercased() == "https", let host = parts.host,
            !host.isEmpty, parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil,
            parts.path.isEmpty || parts.path == "/"
        else {
            // The text is not quoted: it could be a URL with a password in it.
            throw BackupError(.usage, "the coordinator's address must look like https://backup.example.com:8443")
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    static func isLoopback(_ base: String) -> Bool {
        let host = URLComponents(string: base)?.host ?? ""
        return host == "localhost" || host == "::1" || host == "[::1]" || host.hasPrefix("127.")
    }
}
