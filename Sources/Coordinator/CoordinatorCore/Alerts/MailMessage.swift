import Domain
import Foundation

/// An alert as a mail: headers of RFC 5322 in ASCII (RFC 2047), and a body in base64, so that no line is ever too long.
struct MailMessage {
    let route: EmailRoute
    let message: AlertMessage

    /// Throws `.configuration` when an address could break a header.
    func encoded() throws(BackupError) -> [UInt8] {
        for address in [route.from] + route.to
        where address.unicodeScalars.contains(where: { $0.value < 33 || $0.value > 126 }) {
            throw BackupError(.configuration, "a mail address holds a blank, a line break or a letter beyond ASCII")
        }
        let domain = route.from.split(separator: "@").last.map(String.init) ?? "localhost"
        let stamp = Int64(message.at.timeIntervalSince1970 * 1000)
        let headers = [
            "Date: \(Self.date(message.at))", "From: Holdfast <\(route.from)>",
            "To: \(route.to.map { "<\($0)>" }.joined(separator: ",\r\n "))",
            "Message-ID: <holdfast.\(message.id).\(stamp)@\(domain)>",
            "Subject: \(Self.header("[Holdfast] " + message.title))", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64",
            "Auto-Submitted: auto-generated",
        ]
        return Array((headers.joined(separator: "\r\n") + "\r\n\r\n" + Self.base64(body) + "\r\n").utf8)
    }

    private var body: String {
        let fields: [(String, String?)] = [
            ("Environment", message.environment), ("Host", message.host), ("Database", message.database),
            ("Time", Timestamp.text(message.happenedAt)), ("Last good backup", message.lastGood),
        ]
        let known = fields.compactMap { name, value in value.map { "\(name): \($0)" } }
        let next = message.nextStep.map { ["", "Next: \($0)"] } ?? []
        return ([message.title, ""] + known + ["", message.error] + next + [""]).joined(separator: "\n")
            .replacing("\n", with: "\r\n")
    }

    /// Encoded words of at most 75 characters, cut between characters, when the text is not plain ASCII.
    static func header(_ text: String) -> String {
        if text.unicodeScalars.allSatisfy({ (32...126).contains($0.value) }), text.count <= 900, !text.contains("=?") {
            return folded(text)
        }
        var words: [String] = []
        var part = ""
        for character in text {
            if (part + String(character)).utf8.count > 42 {
                words.append(part)
                part = ""
            }
            part.append(character)
        }
        words.append(part)
        return words.map { "=?utf-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\r\n ")
    }

    private static func folded(_ text: String) -> String {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if !line.isEmpty, line.count + word.count > 70 {
                lines.append(line)
                line = String(word)
            } else {
                line += (line.isEmpty ? "" : " ") + word
            }
        }
        return (lines + [line]).joined(separator: "\r\n ")
    }

    private static func base64(_ text: String) -> String {
        Data(text.utf8).base64EncodedString(options: [
            .lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed,
        ])
    }

    /// `Thu, 15 Jan 2026 02:00:00 +0000`.
    static func date(_ date: Date) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.weekday, .day, .month, .year, .hour, .minute, .second], from: date)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int?) -> String { (number ?? 0) < 10 ? "0\(number ?? 0)" : "\(number ?? 0)" }
        return "\(days[((parts.weekday ?? 1) - 1) % 7]), \(two(parts.day)) \(months[((parts.month ?? 1) - 1) % 12]) "
            + "\(parts.year ?? 1970) \(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)) +0000"
    }
}
