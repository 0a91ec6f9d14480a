import Domain
import Foundation

/// `~/.aws/credentials` and `~/.aws/config`, as AWS's own tools read them. `AWS_PROFILE`,
/// `AWS_SHARED_CREDENTIALS_FILE` and `AWS_CONFIG_FILE` are obeyed.
struct SharedFileCredentials: CredentialSource {
    let variables: Variables
    let home: String
    /// For a profile that names a role and a token file.
    let webIdentity: @Sendable (_ role: String, _ tokenFile: String, _ session: String?) -> any CredentialSource

    var name: String { "\(credentialsFile) (profile \(profile))" }

    private var profile: String { variables["AWS_PROFILE"] ?? variables["AWS_DEFAULT_PROFILE"] ?? "default" }
    private var credentialsFile: String { variables["AWS_SHARED_CREDENTIALS_FILE"] ?? "\(home)/.aws/credentials" }
    private var configFile: String { variables["AWS_CONFIG_FILE"] ?? "\(home)/.aws/config" }

    func load(now: Date) throws(BackupError) -> Credentials? {
        let fromCredentials = try sections(of: credentialsFile)[profile]
        let sections = try sections(of: configFile)
        let fromConfig = sections["profile \(profile)"] ?? (profile == "default" ? sections["default"] : nil)
        guard fromCredentials != nil || fromConfig != nil else {
            guard variables["AWS_PROFILE"] != nil else { return nil }
            throw BackupError(
                .configuration, "AWS_PROFILE is \(profile), which is neither in \(credentialsFile) nor in \(configFile)"
            )
        }
        // The credentials file wins, key by key.
        let values = (fromConfig ?? [:]).merging(fromCredentials ?? [:]) { $1 }
        if let role = values["role_arn"], let tokenFile = values["web_identity_token_file"] {
            return try webIdentity(role, tokenFile, values["role_session_name"]).load(now: now)
        }
        guard let id = values["aws_access_key_id"], !id.isEmpty else {
            let unsupported = ["credential_process", "sso_session", "sso_start_url", "role_arn"].first {
                values[$0] != nil
            }
            guard let unsupported else { return nil }
            throw BackupError(
                .configuration,
                "profile \(profile) uses \(unsupported), which is not supported; give it access keys or a web identity")
        }
        guard let secret = values["aws_secret_access_key"], !secret.isEmpty else {
            throw BackupError(.configuration, "profile \(profile) has an access key without its secret")
        }
        return Credentials(accessKeyID: id, secretAccessKey: secret, sessionToken: values["aws_session_token"])
    }

    /// An absent file has no sections; one that cannot be read is an error.
    private func sections(of path: String) throws(BackupError) -> [String: [String: String]] {
        guard FileManager.default.fileExists(atPath: path) else { return [:] }
        do {
            return Self.parse(try String(contentsOfFile: path, encoding: .utf8))
        } catch {
            throw BackupError(.configuration, "\(path) cannot be read", cause: error)
        }
    }

    /// Sections in brackets, `key = value` lines, comments after `#` or `;` at the start of a line or after a space.
    /// Indented lines belong to the nested setting above them and are passed over.
    static func parse(_ text: String) -> [String: [String: String]] {
        var sections: [String: [String: String]] = [:]
        var current: String?
        for line in text.split(whereSeparator: \.isNewline) {
            guard let first = line.first, first != "#", first != ";", !first.isWhitespace else { continue }
            if first == "[" {
                let name = line.dropFirst().prefix { $0 != "]" }.split(whereSeparator: \.isWhitespace).joined(
                    separator: " ")
                current = name
                sections[name, default: [:]] = sections[name] ?? [:]
            } else if let current, let equals = line.firstIndex(of: "=") {
                let key = line[..<equals].trimmingCharacters(in: .whitespaces).lowercased()
                var value = String(line[line.index(after: equals)...])
                if let comment = value.range(of: " #") ?? value.range(of: " ;") {
                    value = String(value[..<comment.lowerBound])
                }
                sections[current]?[key] = value.trimmingCharacters(in: .whitespaces)
            }
        }
        return sections
    }
}
