import Domain
import Foundation

/// An alert as Slack's incoming webhooks take it: one attachment with colour, title and fields.
struct SlackMessage: Encodable {
    struct Attachment: Encodable {
        let fallback: String
        let color: String
        let title: String
        let fields: [Field]
        let ts: Int
    }

    struct Field: Encodable {
        let title: String
        let value: String
        let short: Bool
    }

    let attachments: [Attachment]

    init(_ message: AlertMessage) {
        var fields = [
            Field(title: "Environment", value: Self.escaped(message.environment ?? "-"), short: true),
            Field(title: "Host", value: Self.escaped(message.host ?? "-"), short: true),
            Field(title: "Database", value: Self.escaped(message.database ?? "-"), short: true),
            Field(
                title: message.mood == .bad ? "Error" : "Result",
                value: Self.escaped(String(message.error.prefix(3000))),
                short: false),
        ]
        if let good = message.lastGood { fields.append(Field(title: "Last good backup", value: good, short: true)) }
        if let next = message.nextStep {
            fields.append(Field(title: "Next step", value: Self.escaped(next), short: false))
        }
        let title = Self.escaped(message.title)
        attachments = [
            Attachment(
                fallback: title, color: message.mood == .bad ? "danger" : "good", title: title, fields: fields,
                ts: Int(message.happenedAt.timeIntervalSince1970))
        ]
    }

    func encoded() throws(BackupError) -> [UInt8] {
        do {
            return try [UInt8](JSON.encoder().encode(self))
        } catch {
            throw BackupError(.bug, "encoding a Slack message", cause: error)
        }
    }

    /// So that a name such as `<!channel>` calls nobody.
    static func escaped(_ text: String) -> String {
        text.replacing(scalar: "&", with: "&amp;").replacing(scalar: "<", with: "&lt;").replacing(
            scalar: ">", with: "&gt;")
    }
}
