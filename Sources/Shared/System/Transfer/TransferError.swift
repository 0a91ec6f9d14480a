import CCurl

/// Why a transfer did not come about.
///
/// The text names the method, scheme, host and port only: paths and queries can be secrets (a webhook's, a presigned
/// URL's), and so can everything in a header.
package struct TransferError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// The host name, or the proxy's, is unknown.
        case resolve
        /// Nothing listens there, or no route.
        case connect
        /// The peer is not who it must be, or no common protocol; ours was not accepted.
        case tls
        /// Too slow: no connection, no progress, or past the deadline.
        case timeout
        /// The connection broke, or what came was cut or no HTTP.
        case reset
        /// The answer was larger than the request allowed.
        case tooLarge
        /// The caller's ``StopSignal`` said so.
        case stopped
        /// The caller's own closure ended the download.
        case ended
        /// A mail server refused: see ``TransferError/status``.
        case refused
        /// The request itself cannot be sent.
        case invalid
        /// Something else.
        case other
    }

    package let kind: Kind
    package let message: String
    /// The protocol's own status where there is one (SMTP), else 0.
    package let status: Int

    package init(_ kind: Kind, _ message: String, status: Int = 0) {
        self.kind = kind
        self.message = message
        self.status = status
    }

    /// Whether the same request may succeed a little later.
    package var isWorthRetrying: Bool {
        switch kind {
        case .resolve, .connect, .timeout, .reset: true
        case .refused: status < 500
        case .tls, .tooLarge, .stopped, .ended, .invalid, .other: false
        }
    }

    package var description: String { message }
}

extension TransferError {
    /// libcurl's code and its own words, sorted by what the caller can do about it.
    init(_ code: CURLcode, detail: String, doing: String, status: Int = 0) {
        let words = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        self.init(Self.kind(of: code, words), "\(doing): \(words.prefix(300))", status: status)
    }

    private static func kind(of code: CURLcode, _ words: String) -> Kind {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
        case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED, CURLE_PROXY: .connect
        case CURLE_OPERATION_TIMEDOUT: .timeout
        // A broken connection in the handshake is a broken connection, not a refusal.
        case CURLE_SSL_CONNECT_ERROR: words.contains("SYSCALL") || words.contains("reset by peer") ? .reset : .tls
        // With TLS 1.3 a refused client certificate is learned only when reading.
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR: words.contains(" alert ") ? .tls : .reset
        case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_WEIRD_SERVER_REPLY, CURLE_AGAIN: .reset
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER,
            CURLE_SSL_ISSUER_ERROR, CURLE_USE_SSL_FAILED, CURLE_SSL_ENGINE_NOTFOUND:
            .tls
        case CURLE_LOGIN_DENIED, CURLE_REMOTE_ACCESS_DENIED: .refused
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .invalid
        default: .other
        }
    }
}
