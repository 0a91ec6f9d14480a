/// One HTTP request.
package struct HTTPRequest: Sendable {
    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// Sent from where it lies. The buffer must not change until the answer is there.
        case buffer(TransferBuffer)
    }

    package var method: String
    /// Absolute, already percent-encoded; sent as it is, without any normalising. Userinfo is refused.
    package var url: String
    /// Sent in this order. CR, LF and NUL are refused.
    package var headers: [(name: String, value: String)]
    package var body: Body
    /// The longest time for all of it; nil is ``TransferOptions/deadline``.
    package var deadline: Duration?
    /// For how long it may be too slow (``TransferOptions/stallBytesPerSecond``) before it is given up; nil is
    /// ``TransferOptions/stallAfter``, zero is for ever. An answer that takes its time needs more than the default.
    package var stallAfter: Duration?
    /// The largest answer that is kept in memory, in bytes. A larger one fails with `.tooLarge`.
    package var answerLimit = 8 << 20
    /// Whether it goes out at most once in a call, on a connection of its own: on one that was used before the library sends it
    /// again by itself when no answer comes, and nobody learns of it.
    package var isSentOnce = false

    package init(
        _ method: String, _ url: String, headers: [(name: String, value: String)] = [], body: Body = .none,
        deadline: Duration? = nil, stallAfter: Duration? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.deadline = deadline
        self.stallAfter = stallAfter
    }
}
