import COpenSSL

/// What the crypto library, or input given to it, got wrong. The message names what was being done and never holds key
/// material or the input itself.
package struct SealingError: Error, Sendable, Hashable, CustomStringConvertible {
    package let message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }
}

/// The error for a call into OpenSSL that just failed, with the library's own reason, which is a fixed text. Empties the
/// thread's error queue: what stayed in it would be taken for an error of the next TLS connection on this thread.
func opensslFailure(_ doing: String) -> SealingError {
    let reason = ERR_reason_error_string(ERR_peek_last_error()).map { String(cString: $0) }
    ERR_clear_error()
    return SealingError(reason.map { "\(doing): \($0)" } ?? doing)
}
