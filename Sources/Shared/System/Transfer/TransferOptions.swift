/// How a ``TransferClient`` goes out. Verification of the peer cannot be switched off.
package struct TransferOptions: Sendable {
    package enum Trust: Sendable {
        /// The certificate authorities of this machine.
        case system
        /// Only those in this file (PEM), none of the machine's.
        case file(String)
        /// Only these (PEM), none of the machine's.
        case pem([UInt8])
    }

    package enum Proxy: Sendable {
        /// As curl does it: `https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`.
        case environment
        case none
        case url(String)
    }

    package enum TLSVersion: Sendable { case tls12, tls13 }

    /// A certificate with its chain, and its key, both PEM.
    package struct Identity: Sendable {
        package let certificate: [UInt8]
        package let key: [UInt8]

        package init(certificate: [UInt8], key: [UInt8]) {
            self.certificate = certificate
            self.key = key
        }
    }

    package var trust = Trust.system
    /// Who we are to the peer.
    package var identity: Identity?
    package var proxy = Proxy.environment
    package var minimumTLS = TLSVersion.tls12
    package var connectTimeout = Duration.seconds(15)
    /// The longest time for a whole request; nil is no bound. A request can say otherwise.
    package var deadline: Duration?
    /// Slower than `stallBytesPerSecond` for as long as this is a timeout; zero switches that off. Time that the
    /// caller's own closure takes does not count.
    package var stallAfter = Duration.seconds(60)
    package var stallBytesPerSecond: Int64 = 64
    /// Bytes per second of each transfer, 0 for no limit.
    package var sendLimit: Int64 = 0
    package var receiveLimit: Int64 = 0

    package init() {}
}
