import Domain
import Settings

extension AlertRoutes {
    init(_ value: Setting) throws(BackupError) {
        let fields = try value.fields(["slack", "email", "notifySuccess", "digest"])
        self.init(
            slack: try fields["slack"].map { (it) throws(BackupError) in try SlackRoute(it) },
            email: try fields["email"].map { (it) throws(BackupError) in try EmailRoute(it) },
            notifySuccess: try fields["notifySuccess"]?.flag() ?? false,
            digest: try fields["digest"]?.checked { (it) throws(BackupError) in try CronExpression(try it.text()).text }
        )
    }
}

extension SlackRoute {
    fileprivate init(_ value: Setting) throws(BackupError) {
        let fields = try value.fields(["webhookFile", "webhook", "caFile"])
        if let literal = fields["webhook"] {
            // The catalog keeps the applied text, and a webhook's address is a secret.
            let text = try literal.text()
            guard text.hasPrefix("env:"), text.dropFirst(4).wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil else {
                throw literal.mistake("is a secret: put it in a file and name that by webhookFile, or write env:NAME")
            }
            self.init(webhook: .environment(String(text.dropFirst(4))), caFile: try fields["caFile"]?.text())
        } else if let file = fields["webhookFile"] {
            self.init(webhook: .file(try file.absolutePath()), caFile: try fields["caFile"]?.text())
        } else {
            throw value.mistake("expected webhookFile: with the path of a file that holds the webhook's address")
        }
    }
}

extension EmailRoute {
    fileprivate init(_ value: Setting) throws(BackupError) {
        let fields = try value.fields(["url", "from", "to", "usernameFile", "passwordFile", "caFile"])
        guard let url = fields["url"], let from = fields["from"], let to = fields["to"] else {
            throw value.mistake("url:, from: and to: are all needed")
        }
        self.init(
            url: try url.checked { (it) throws(BackupError) in try Self.server(try it.text()) },
            from: try from.checked { (it) throws(BackupError) in try Self.address(try it.text()) }, to: [],
            usernameFile: try fields["usernameFile"]?.absolutePath(),
            passwordFile: try fields["passwordFile"]?.absolutePath(), caFile: try fields["caFile"]?.absolutePath())
        for item in try to.items() {
            self.to.append(try item.checked { (it) throws(BackupError) in try Self.address(try it.text()) })
        }
        guard !self.to.isEmpty else { throw to.mistake("expected at least one address") }
        guard (usernameFile == nil) == (passwordFile == nil) else {
            throw value.mistake("usernameFile: and passwordFile: belong together")
        }
    }

    static func server(_ text: String) throws(BackupError) -> String {
        guard text.wholeMatch(of: /smtps?:\/\/[A-Za-z0-9.\[\]:_-]+\/?/) != nil else {
            throw BackupError(
                .configuration, "expected smtps://host[:port] or smtp://host[:port], without a user or password in it")
        }
        return text
    }

    static func address(_ text: String) throws(BackupError) -> String {
        guard text.utf8.count <= 254, text.wholeMatch(of: /[^\s@<>",;:\\\p{Cc}]+@[A-Za-z0-9.\[\]:-]+/) != nil else {
            throw BackupError(.configuration, "expected an email address such as ops@example.com")
        }
        return text
    }
}

extension Setting {
    fileprivate func absolutePath() throws(BackupError) -> String {
        let path = try text()
        guard path.hasPrefix("/") else { throw mistake("expected an absolute path") }
        return path
    }
}
