import CCurl

extension EasyHandle {
    /// What holds for every request of a client.
    func apply(_ options: TransferOptions) throws(TransferError) {
        try allow(.web)
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_PATH_AS_IS, 1)
        try set(CURLOPT_CONNECTTIMEOUT_MS, options.connectTimeout.milliseconds)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        try set(CURLOPT_TCP_KEEPIDLE, 30)
        try set(CURLOPT_TCP_KEEPINTVL, 10)
        try set(CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10)
        try set(CURLOPT_BUFFERSIZE, 256 << 10)
        try set(CURLOPT_USERAGENT, "holdfast/0.1")
        try set(CURLOPT_MAX_SEND_SPEED_LARGE, offset: options.sendLimit)
        try set(CURLOPT_MAX_RECV_SPEED_LARGE, offset: options.receiveLimit)
        try applyTLS(options)
        switch options.proxy {
        case .environment: break
        case .none: try set(CURLOPT_PROXY, "")
        case .url(let url): try set(CURLOPT_PROXY, url)
        }
    }

    func applyTLS(_ options: TransferOptions) throws(TransferError) {
        let least = options.minimumTLS == .tls13 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2
        try set(CURLOPT_SSLVERSION, Int(least))
        switch options.trust {
        case .system: break
        case .file(let path):
            try set(CURLOPT_CAINFO, path)
            // Without this the machine's own folder of authorities would be trusted beside it.
            try set(CURLOPT_CAPATH, nil)
        case .pem(let bytes):
            try set(CURLOPT_CAINFO, nil)
            try set(CURLOPT_CAPATH, nil)
            try set(CURLOPT_CAINFO_BLOB, blob: bytes)
        }
        guard let identity = options.identity else { return }
        try set(CURLOPT_SSLCERTTYPE, "PEM")
        try set(CURLOPT_SSLKEYTYPE, "PEM")
        try set(CURLOPT_SSLCERT_BLOB, blob: identity.certificate)
        try set(CURLOPT_SSLKEY_BLOB, blob: identity.key)
    }

    /// What is this request's own, but for its body.
    func apply(_ request: HTTPRequest, _ options: TransferOptions) throws(TransferError) {
        try set(CURLOPT_URL, request.url)
        try set(CURLOPT_FRESH_CONNECT, request.isSentOnce ? 1 : 0)
        try set(CURLOPT_CUSTOMREQUEST, request.method)
        if let deadline = request.deadline ?? options.deadline {
            try set(CURLOPT_TIMEOUT_MS, max(deadline.milliseconds, 1))
        }
        // `Name;` is libcurl's way to say a header without a value. The last two are ones that it would add itself.
        var lines = request.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        lines.append("Expect:")
        if !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            lines.append("Content-Type:")
        }
        if !request.headers.contains(where: { $0.name.lowercased() == "accept" }) { lines.append("Accept:") }
        try set(CURLOPT_HTTPHEADER, list: lines)
    }

    /// The bytes must stay where they are until the transfer is over; they are not copied.
    func apply(body: UnsafeRawBufferPointer, of request: HTTPRequest) throws(TransferError) {
        if case .none = request.body {
            // HEAD must not wait for the body that its length announces.
            if request.method == "HEAD" { try set(CURLOPT_NOBODY, 1) }
            guard request.method == "POST" || request.method == "PUT" else { return }
        }
        try set(CURLOPT_POST, 1)
        try set(CURLOPT_POSTFIELDSIZE_LARGE, offset: Int64(body.count))
        try set(CURLOPT_POSTFIELDS, pointer: body.baseAddress ?? EasyHandle.noBytes)
    }

    /// An address for a body of no bytes: libcurl takes null for "ask the read callback".
    private static var noBytes: UnsafeRawPointer { UnsafeRawPointer(("" as StaticString).utf8Start) }
}

extension HTTPRequest {
    /// Scheme, host and port: what an error may say. Throws when the request cannot be sent as it is.
    func target() throws(TransferError) -> String {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0] == "https:" || parts[0] == "http:", parts[1].isEmpty else {
            throw TransferError(.invalid, "\(method): not an http or https URL")
        }
        let host = parts[2].prefix { $0 != "?" && $0 != "#" }
        guard !host.isEmpty, !host.contains("@") else {
            throw TransferError(.invalid, "\(method): a URL needs a host, and must not carry a user or password")
        }
        let texts = [method, url] + headers.flatMap { [$0.name, $0.value] }
        guard !texts.contains(where: \.hasControl),
            !headers.contains(where: { $0.name.isEmpty || $0.name.contains(":") })
        else { throw TransferError(.invalid, "\(method) \(parts[0])//\(host): a line break or NUL in the request") }
        return "\(parts[0])//\(host)"
    }

    /// The body's bytes, where they lie.
    func withBody<Value>(_ work: (UnsafeRawBufferPointer) throws(TransferError) -> Value) throws(TransferError) -> Value
    {
        let result: Result<Value, TransferError> =
            switch body {
            case .none: Result { () throws(TransferError) in try work(UnsafeRawBufferPointer(start: nil, count: 0)) }
            case .bytes(let bytes):
                bytes.withUnsafeBytes { raw in Result { () throws(TransferError) in try work(raw) } }
            case .buffer(let buffer):
                buffer.withBytes { raw in Result { () throws(TransferError) in try work(raw) } }
            }
        return try result.get()
    }
}

extension String {
    /// Whether it holds something that would end a line of a protocol, or a C string.
    var hasControl: Bool { utf8.contains { $0 == 0 || $0 == 10 || $0 == 13 } }
}

extension Duration {
    var milliseconds: Int { Int(self / .milliseconds(1)) }
}
