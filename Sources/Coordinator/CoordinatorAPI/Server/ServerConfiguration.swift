/// Where the API listens, and what it bears.
package struct ServerConfiguration: Sendable {
    /// An address or a name of this host.
    package var host: String
    /// 0 for any free port.
    package var port: Int
    package var limits: ServerLimits

    package init(host: String, port: Int, limits: ServerLimits = ServerLimits()) {
        self.host = host
        self.port = port
        self.limits = limits
    }
}

/// What a client may take of the server, whoever it is. Sizes are in bytes.
package struct ServerLimits: Sendable {
    /// Connections at once. More wait in the kernel until one goes; kept below the process's limit of open files.
    package var connections = 16_384
    /// The share of them that may be there without an agent's certificate: the rest is kept for agents.
    package var anonymousShare = 0.75
    /// Connections of one address that have shown no certificate; nil for a quarter of all.
    package var fromOneAddress: Int?
    /// Failures within a minute of one address to prove who it is, after which it has to wait until the minute is over.
    package var failures = 20
    /// One header field, or the request line.
    package var headerField = 16 * 1024
    /// All header fields together.
    package var headers = 64 * 1024
    package var headerCount = 100
    /// A request body, unless one of the next two says otherwise.
    package var body = 1 << 20
    package var reportBody = 16 << 20
    package var enrolmentBody = 64 * 1024
    /// From the first byte of a connection to the end of its TLS handshake.
    package var handshake: Duration = .seconds(10)
    /// A connection on which nothing happens: before its first request, within a request, and between two.
    package var idle: Duration = .seconds(60)
    /// From the end of a request's headers to the end of its body.
    package var request: Duration = .seconds(30)
    /// For a client to take an answer.
    package var answer: Duration = .seconds(60)
    /// How long what is left of a request is read and dropped once it was answered.
    package var linger: Duration = .seconds(2)
    /// What a check-in may wait for news at most.
    package var poll: Duration = .seconds(50)

    package init() {}
}
