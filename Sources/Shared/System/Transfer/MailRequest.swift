/// One mail to hand to a server.
package struct MailRequest: Sendable {
    /// `smtp://host[:port]` or `smtps://host[:port]`, without a user.
    package var url: String
    package var from: String
    package var to: [String]
    /// Headers, empty line, text. Line ends become CRLF.
    package var message: [UInt8]
    package var username: String?
    package var password: String?
    /// With `smtp://`: go on only after STARTTLS. False sends in the clear, and only then.
    package var requireTLS = true
    package var trust = TransferOptions.Trust.system
    package var deadline = Duration.seconds(60)

    package init(url: String, from: String, to: [String], message: [UInt8]) {
        self.url = url
        self.from = from
        self.to = to
        self.message = message
    }
}
