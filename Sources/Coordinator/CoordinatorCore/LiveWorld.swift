import Domain
import Transfer

/// The outside world as it really is.
enum LiveWorld {
    static func post(_ request: WebhookRequest) throws(BackupError) -> WebhookAnswer {
        var options = TransferOptions()
        if let caFile = request.caFile { options.trust = .file(caFile) }
        options.deadline = .seconds(30)
        let message = HTTPRequest(
            "POST", request.url, headers: [("Content-Type", "application/json")], body: .bytes(request.body))
        do {
            let answer = try TransferClient(options).send(message)
            return WebhookAnswer(status: answer.status, retryAfterSeconds: answer["Retry-After"].flatMap { Int($0) })
        } catch {
            // The error's own words could hold the address, which is a secret.
            throw BackupError(.unreachable, "the webhook could not be reached (\(error.kind.rawValue))")
        }
    }

    static func send(_ mail: OutgoingMail) throws(BackupError) {
        var request = MailRequest(url: mail.url, from: mail.from, to: mail.to, message: mail.message)
        request.username = mail.username
        request.password = mail.password
        request.requireTLS = mail.requiresTLS
        if let caFile = mail.caFile { request.trust = .file(caFile) }
        do {
            try TransferClient.sendMail(request)
        } catch {
            throw BackupError(.unreachable, error.message)
        }
    }
}
