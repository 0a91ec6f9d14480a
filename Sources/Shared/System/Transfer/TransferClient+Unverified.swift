import CCurl

extension TransferClient {
    /// Fetches something small from an HTTPS server *without checking who it is*.
    ///
    /// For one purpose only: a host that joins fetches the coordinator's certificate authority and compares its
    /// SHA-256 with the pin in the join string. Nothing secret is sent, and nothing that comes back may be believed
    /// before that comparison. It is a function of its own so that no option can switch verification off elsewhere.
    package static func fetchUnverified(_ url: String, limit: Int = 64 << 10) throws(TransferError) -> HTTPResponse {
        var options = TransferOptions()
        options.deadline = .seconds(20)
        var request = HTTPRequest("GET", url)
        request.answerLimit = limit
        let target = try request.target()
        let handle = try EasyHandle()
        handle.reset()
        try handle.apply(options)
        try handle.set(CURLOPT_SSL_VERIFYPEER, 0)
        try handle.set(CURLOPT_SSL_VERIFYHOST, 0)
        try handle.apply(request, options)
        let exchange = Exchange(request, options, nil, onHead: { _ in .keep }, onChunk: { _ in true })
        try exchange.attach(to: handle)
        let code = withExtendedLifetime(exchange) { handle.perform() }
        guard exchange.verdict == nil else { throw TransferError(.tooLarge, "GET \(target): the answer is too large") }
        guard code == CURLE_OK else { throw TransferError(code, detail: handle.detail, doing: "GET \(target)") }
        return exchange.response
    }
}
