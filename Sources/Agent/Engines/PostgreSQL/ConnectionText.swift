import Domain
import Foundation

/// A connection string taken apart: libpq's keywords and their values, a later one winning over an earlier one.
struct ConnectionText {
    private(set) var settings: [String: String] = [:]

    init(_ text: String) throws(BackupError) {
        if let separator = text.firstRange(of: "://") {
            let scheme = text[..<separator.lowerBound]
            // `postgresql+driver://` is how some programs name their driver in the same variable.
            guard ["postgres", "postgresql"].contains(scheme.prefix { $0 != "+" }) else {
                throw BackupError(.configuration, "database url: it must begin with postgresql://")
            }
            try parseURL(text[separator.upperBound...])
        } else {
            try parseKeywords(text)
        }
        guard !settings.values.contains(where: { $0.utf8.contains(0) }) else {
            throw BackupError(.configuration, "database url: a value has a NUL")
        }
    }

    // MARK: postgresql://[user[:password]@][host[:port][,…]][/dbname][?key=value&…]

    private mutating func parseURL(_ text: Substring) throws(BackupError) {
        let (beforeQuery, query) = Self.cut(text, at: "?")
        let (authority, path) = Self.cut(beforeQuery, at: "/")
        var hosts = authority
        if let at = authority.lastIndex(of: "@") {
            let (user, password) = Self.cut(authority[..<at], at: ":")
            if !user.isEmpty { settings["user"] = try Self.decoded(user, "user") }
            if let password { settings["password"] = try Self.decoded(password, "password") }
            hosts = authority[authority.index(after: at)...]
        }
        if !hosts.isEmpty { try parseHosts(hosts) }
        if let path, !path.isEmpty { settings["dbname"] = try Self.decoded(path, "database") }
        for pair in (query ?? "").split(separator: "&", omittingEmptySubsequences: true) {
            let (key, value) = Self.cut(pair, at: "=")
            // Neither is shown: after a ? in a password that was not quoted these are pieces of it.
            let name = try Self.decoded(key, "name of a parameter")
            guard let value else {
                throw BackupError(
                    .configuration, "database url: a parameter has no value; in a password a ? must be written %3F")
            }
            settings[name] = try Self.decoded(value, "value of a parameter")
        }
    }

    private mutating func parseHosts(_ text: Substring) throws(BackupError) {
        var names: [String] = []
        var ports: [String] = []
        for host in text.split(separator: ",", omittingEmptySubsequences: false) {
            var name = host
            var port: Substring = ""
            if host.first == "[", let end = host.lastIndex(of: "]") {
                name = host[host.index(after: host.startIndex)..<end]
                port = host[host.index(after: end)...].drop { $0 == ":" }
            } else if let colon = host.lastIndex(of: ":") {
                name = host[..<colon]
                port = host[host.index(after: colon)...]
            }
            guard port.isEmpty || UInt16(port) != nil else {
                throw BackupError(.configuration, "database url: the port must be a number from 1 to 65535")
            }
            names.append(try Self.decoded(name, "host"))
            ports.append(String(port))
        }
        settings["host"] = names.joined(separator: ",")
        if ports.contains(where: { !$0.isEmpty }) { settings["port"] = ports.joined(separator: ",") }
    }

    private static func cut(_ text: Substring, at mark: Character) -> (Substring, Substring?) {
        guard let position = text.firstIndex(of: mark) else { return (text, nil) }
        return (text[..<position], text[text.index(after: position)...])
    }

    private static func decoded(_ text: Substring, _ what: String) throws(BackupError) -> String {
        guard let plain = text.removingPercentEncoding else {
            throw BackupError(
                .configuration, "database url: the \(what) has a % that is not followed by two hex digits")
        }
        return plain
    }

    // MARK: host=… dbname='a b' …

    private mutating func parseKeywords(_ text: String) throws(BackupError) {
        var rest = text[...]
        while true {
            rest = rest.drop(while: \.isWhitespace)
            if rest.isEmpty { return }
            let (name, after) = Self.cut(rest, at: "=")
            guard var value = after else {
                throw BackupError(
                    .configuration, "database url: it must be postgresql://… or key=value words, and has neither")
            }
            value = value.drop(while: \.isWhitespace)
            let key = name.trimmingCharacters(in: .whitespacesAndNewlines)
            guard !key.contains(where: \.isWhitespace) else {
                throw BackupError(
                    .configuration, "database url: a word has no =; put a value with blanks in single quotes")
            }
            settings[key] = try Self.takeValue(&value)
            rest = value
        }
    }

    /// One value, plain or in single quotes, with backslash escapes in both.
    private static func takeValue(_ rest: inout Substring) throws(BackupError) -> String {
        let quoted = rest.first == "'"
        if quoted { rest.removeFirst() }
        var value = ""
        while let character = rest.popFirst() {
            if character == "\\", let escaped = rest.popFirst() {
                value.append(escaped)
            } else if quoted, character == "'" {
                return value
            } else if !quoted, character.isWhitespace {
                return value
            } else {
                value.append(character)
            }
        }
        guard !quoted else { throw BackupError(.configuration, "database url: a quote is not closed") }
        return value
    }
}
