import Domain
import Foundation
import Threads

/// Takes messages to their channels. Secrets are read when something is sent, and stand in no error (P9).
struct AlertSender: Sendable {
    let routes: AlertRoutes
    let world: CoordinatorWorld

    /// Why a message was not taken.
    struct Refusal: Error {
        let reason: String
        let retryAfterSeconds: Int?
    }

    /// Returns when the channel has taken the message.
    func send(_ message: AlertMessage, to channel: String) async throws(Refusal) {
        let answer: WebhookAnswer?
        do throws(BackupError) {
            answer = try await hand(message, to: channel)
        } catch {
            throw Refusal(reason: error.description, retryAfterSeconds: nil)
        }
        guard let answer, !(200...299).contains(answer.status) else { return }
        throw Refusal(reason: "\(channel) answered \(answer.status)", retryAfterSeconds: answer.retryAfterSeconds)
    }

    private func hand(_ message: AlertMessage, to channel: String) async throws(BackupError) -> WebhookAnswer? {
        switch channel {
        case "slack":
            guard let route = routes.slack else {
                throw BackupError(.configuration, "slack is not configured any more")
            }
            return try await onThread { () throws(BackupError) in try post(message, route) }
        default:
            guard let route = routes.email else {
                throw BackupError(.configuration, "\(channel) is not configured any more")
            }
            let address = String(channel.dropFirst(EmailRoute.channelPrefix.count))
            // What waits from before each had a channel of its own goes to all.
            let recipients = channel == "email" ? route.recipients : route.recipients.filter { $0 == address }
            guard !recipients.isEmpty else {
                throw BackupError(.configuration, "\(channel) is not configured any more")
            }
            try await onThread { () throws(BackupError) in try mail(message, route, to: recipients) }
            return nil
        }
    }

    private func post(_ message: AlertMessage, _ route: SlackRoute) throws(BackupError) -> WebhookAnswer {
        let address: String
        switch route.webhook {
        case .file(let path): address = try Self.secret(path, "the webhook file")
        case .environment(let name):
            guard let value = world.environment[name].map(OlderVariables.withoutComment), !value.isEmpty else {
                throw BackupError(.configuration, "the environment variable \(name) is not set")
            }
            address = value
        }
        guard address.hasPrefix("https://") else {
            throw BackupError(.configuration, "the webhook's address must begin with https://")
        }
        return try world.post(
            WebhookRequest(url: address, body: try SlackMessage(message).encoded(), caFile: route.caFile))
    }

    private func mail(_ message: AlertMessage, _ route: EmailRoute, to recipients: [String]) throws(BackupError) {
        let bytes = try MailMessage(route: route, message: message).encoded()
        let mail = OutgoingMail(
            url: route.url, from: route.from, to: recipients, message: bytes,
            username: try route.usernameFile.map { (path) throws(BackupError) in
                try Self.secret(path, "the mail user's file")
            },
            password: try route.passwordFile.map { (path) throws(BackupError) in
                try Self.secret(path, "the mail password's file")
            }, caFile: route.caFile, requiresTLS: route.requiresTLS)
        do {
            try world.sendMail(mail)
        } catch  where !route.requiresTLS {
            throw BackupError(
                error.code,
                "\(error.message); no BACKUP_SMTP_URL is set, so mail goes to this host's own server: run one that takes it, or "
                    + "set BACKUP_SMTP_URL=smtps://HOST")
        }
    }

    private static func secret(_ path: String, _ what: String) throws(BackupError) -> String {
        guard let text = try? String(contentsOf: URL(filePath: path), encoding: .utf8) else {
            throw BackupError(.configuration, "\(what) \(path) cannot be read")
        }
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.isEmpty else { throw BackupError(.configuration, "\(what) \(path) is empty") }
        return trimmed
    }
}
