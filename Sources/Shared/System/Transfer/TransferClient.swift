import CCurl
import Synchronization
package import Threads

/// A blocking HTTP/1.1 client. Safe to use from several threads at once: each call has a handle of its own, and idle
/// handles wait for the next call with their connections open.
///
/// Every call blocks its thread: not for the cooperative pool. Redirects are answers, never followed. A stop is noticed
/// within a second.
package final class TransferClient: Sendable {
    private let options: TransferOptions
    private let idle = Mutex<[EasyHandle]>([])
    private static let idleAtMost = 8

    package init(_ options: TransferOptions = TransferOptions()) {
        self.options = options
    }

    /// Sends, and keeps the whole answer in memory, whatever its status.
    package func send(_ request: HTTPRequest, stop: StopSignal? = nil)
        throws(TransferError) -> HTTPResponse
    {
        try download(request, stop: stop, onHead: { _ in .keep }, { _ in true })
    }

    /// Sends, and hands out the answer's body as it comes. A slow `body` slows the sender.
    ///
    /// `onHead` sees status and headers and decides. `body` gets bytes that are valid only during the call, and returns
    /// whether to go on; `false` ends with `.ended`. A body that was cut is an error (`.reset`).
    package func download(
        _ request: HTTPRequest, stop: StopSignal? = nil,
        onHead: (HTTPResponse) -> BodyPlan, _ body: (UnsafeRawBufferPointer) -> Bool
    ) throws(TransferError) -> HTTPResponse {
        let result: Result<HTTPResponse, TransferError> = withoutActuallyEscaping(onHead) { onHead in
            withoutActuallyEscaping(body) { body in
                let exchange = Exchange(request, options, stop, onHead: onHead, onChunk: body)
                return Result { () throws(TransferError) in try perform(request, exchange) }
            }
        }
        return try result.get()
    }

    private func perform(_ request: HTTPRequest, _ exchange: Exchange) throws(TransferError) -> HTTPResponse {
        let target = try request.target()
        let waiting = idle.withLock { $0.popLast() }
        let handle = if let waiting { waiting } else { try EasyHandle() }
        handle.reset()
        try handle.apply(options)
        try handle.apply(request, options)
        try exchange.attach(to: handle)
        let code: CURLcode = try request.withBody { (bytes) throws(TransferError) in
            try handle.apply(body: bytes, of: request)
            return withExtendedLifetime(exchange) { handle.perform() }
        }
        if let verdict = exchange.verdict {
            throw TransferError(verdict, "\(request.method) \(target): \(verdict.words)")
        }
        guard code == CURLE_OK else {
            throw TransferError(code, detail: handle.detail, doing: "\(request.method) \(target)")
        }
        // Only a handle whose transfer went well is used again: after some failures libcurl 7.88 keeps a state in which
        // it refuses options. Nothing may point at this request's memory from a handle that waits.
        handle.reset()
        idle.withLock { if $0.count < Self.idleAtMost { $0.append(handle) } }
        exchange.finish()
        return exchange.response
    }
}

extension TransferError.Kind {
    /// For what we broke off ourselves.
    fileprivate var words: String {
        switch self {
        case .stopped: "stopped"
        case .timeout: "no progress for too long"
        case .tooLarge: "the answer is larger than expected"
        default: "ended by its receiver"
        }
    }
}
