import Foundation

/// Where alerts go in a test: a stand-in for Slack and a real mailbox, both over TLS, with a webhook address and a mail
/// password that are secrets.
package final class AlertSinks: Sendable {
    /// Part of the webhook's address.
    package static let webhookSecret = "CANARY-webhook-6fd1"
    package static let mailPassword = "CANARY-smtp-90ab"

    /// What the Slack stand-in got.
    package struct Post: Sendable {
        package let answered: Int
        package let color: String
        package let title: String
        /// Value by title.
        package let fields: [String: String]
        /// The whole body as JSON.
        package let text: String
    }

    private let folder: URL
    private let slack: ServerProcess
    private let mail: ServerProcess
    private let recipients: [String]

    /// The answers are those to the first posts and mails; all later ones are taken, but for those to `refused`.
    package init(
        slackAnswers: String = "", mailAnswers: String = "", recipients: [String] = ["ops@example.com"],
        refused: [String] = []
    ) throws {
        self.recipients = recipients
        folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-mail-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        slack = try ServerProcess(
            script: "slack_sink.py", ["--log", folder.appending(path: "slack.jsonl").path, "--answers", slackAnswers])
        mail = try ServerProcess(
            script: "smtp_sink.py",
            ["--dir", folder.path, "--user", "holdfast", "--answers", mailAnswers]
                + refused.flatMap { ["--refuse", $0] },
            environment: ["MAIL_PASSWORD": Self.mailPassword])
        let secrets = [
            "webhook": "https://localhost:\(slack.port)/services/\(Self.webhookSecret)", "user": "holdfast",
            "password": Self.mailPassword,
        ]
        for (name, text) in secrets { try Data(text.utf8).write(to: folder.appending(path: name)) }
    }

    deinit { stop() }

    /// Nobody takes alerts any more; what came can still be read until the folder goes with this value.
    package func silence() {
        slack.stop()
        mail.stop()
    }

    package func stop() {
        silence()
        // Scratch: what cannot be removed is left to the system.
        try? FileManager.default.removeItem(at: folder)
    }

    /// The line `alerts: …` of `fleet.yaml`.
    package var yaml: String {
        """
        alerts: { slack: { webhookFile: \(folder.path)/webhook, caFile: \(ca(slack)) }, \
        email: { url: "smtps://localhost:\(mail.port)", from: backup@example.com, \
        to: [\(recipients.joined(separator: ", "))], \
        usernameFile: \(folder.path)/user, passwordFile: \(folder.path)/password, caFile: \(ca(mail)) } }
        """
    }

    private func ca(_ server: ServerProcess) -> String {
        server.greeting.first { $0.hasPrefix("ca ") }.map { String($0.dropFirst(3)) } ?? ""
    }

    /// All posts in the order in which they came, also those that were not taken.
    package func posts() throws -> [Post] {
        guard let log = try? String(contentsOf: folder.appending(path: "slack.jsonl"), encoding: .utf8) else {
            return []
        }
        return try log.split(separator: "\n").map { line in
            let entry = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
            let body = entry["body"] as? [String: Any] ?? [:]
            let attachment = (body["attachments"] as? [[String: Any]])?.first ?? [:]
            let fields = (attachment["fields"] as? [[String: Any]] ?? []).compactMap { field -> (String, String)? in
                guard let title = field["title"] as? String, let value = field["value"] as? String else { return nil }
                return (title, value)
            }
            return Post(
                answered: entry["answered"] as? Int ?? 0, color: attachment["color"] as? String ?? "",
                title: attachment["title"] as? String ?? "", fields: Dictionary(fields) { $1 },
                text: String(decoding: try JSONSerialization.data(withJSONObject: body), as: UTF8.self))
        }
    }

    /// All mails that were taken, in their order: the source, and the body once more as it reads.
    package func mails() throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".eml") }
        return try names.compactMap { Int($0.dropLast(4)) }.sorted().map { number in
            let raw = try Data(contentsOf: folder.appending(path: "\(number).eml"))
            let text = String(decoding: raw, as: UTF8.self)
            guard let gap = text.range(of: "\r\n\r\n") ?? text.range(of: "\n\n") else { return text }
            let body = text[gap.upperBound...].filter { !$0.isNewline }
            return text + (Data(base64Encoded: String(body)).map { String(decoding: $0, as: UTF8.self) } ?? "")
        }
    }
}
