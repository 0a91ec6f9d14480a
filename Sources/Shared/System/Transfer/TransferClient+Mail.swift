import CCurl
package import Threads

extension TransferClient {
    /// Hands one mail to an SMTP server, for all its recipients or for none. Blocks.
    ///
    /// `.refused` carries the server's own status (4xx may be tried again, 5xx not). A password is never sent without
    /// TLS unless `requireTLS` is false. Addresses with a line break, NUL or angle bracket are refused.
    package static func sendMail(_ mail: MailRequest, stop: StopSignal? = nil) throws(TransferError) {
        let server = try mail.server()
        let handle = try EasyHandle()
        handle.reset()
        var options = TransferOptions()
        options.trust = mail.trust
        try handle.allow(.mail)
        try handle.applyTLS(options)
        try handle.set(CURLOPT_URL, mail.url)
        let usage = mail.requireTLS ? CURLUSESSL_ALL : CURLUSESSL_NONE
        try handle.set(CURLOPT_USE_SSL, Int(usage.rawValue))
        try handle.set(CURLOPT_CONNECTTIMEOUT_MS, options.connectTimeout.milliseconds)
        try handle.set(CURLOPT_TIMEOUT_MS, mail.deadline.milliseconds)
        if let username = mail.username {
            try handle.set(CURLOPT_USERNAME, username)
            try handle.set(CURLOPT_PASSWORD, mail.password ?? "")
        }
        try handle.set(CURLOPT_MAIL_FROM, "<\(mail.from)>")
        try handle.set(CURLOPT_MAIL_RCPT, list: mail.to.map { "<\($0)>" })
        let reader = MailReader(mail.message, stop)
        try reader.attach(to: handle)
        let code = withExtendedLifetime(reader) { handle.perform() }
        guard code != CURLE_OK else { return }
        if reader.wasStopped { throw TransferError(.stopped, "send mail to \(server): stopped") }
        let status = handle.responseCode
        let failure = TransferError(code, detail: handle.detail, doing: "send mail to \(server)", status: status)
        // What the server itself refuses comes as several codes; its status says it best.
        guard status >= 400, failure.kind != .tls, failure.kind != .timeout else { throw failure }
        // Nobody but the server knows why; of who may log in it is asked for no words, which could hold what it was told.
        let isAboutLogin = (530...539).contains(status)
        let words = isAboutLogin || reader.refusal.isEmpty ? nil : "send mail to \(server): \(reader.refusal)"
        throw TransferError(.refused, words ?? failure.message, status: status)
    }
}

/// Hands the message to libcurl and hears the server, on the thread that performs.
private final class MailReader {
    private let bytes: [UInt8]
    private let stop: StopSignal?
    private var next = 0
    /// The last refusal (4xx, 5xx) in the server's own words, as one line.
    private(set) var refusal = ""
    private static let longestRefusal = 500

    init(_ message: [UInt8], _ stop: StopSignal?) {
        bytes = withCRLF(message)
        self.stop = stop
    }

    var wasStopped: Bool { stop?.isStopped ?? false }

    func attach(to handle: EasyHandle) throws(TransferError) {
        let context = UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
        try handle.set(CURLOPT_UPLOAD, 1)
        try handle.set(CURLOPT_INFILESIZE_LARGE, offset: Int64(bytes.count))
        try handle.set(CURLOPT_READDATA, pointer: context)
        try handle.set(CURLOPT_READFUNCTION) { target, size, count, context in
            guard let target, let context else { return 0 }
            let reader = Unmanaged<MailReader>.fromOpaque(context).takeUnretainedValue()
            return reader.read(into: UnsafeMutableRawBufferPointer(start: target, count: size * count))
        }
        try handle.set(CURLOPT_HEADERDATA, pointer: context)
        try handle.set(CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: size * count), as: UTF8.self)
            Unmanaged<MailReader>.fromOpaque(context).takeUnretainedValue().hear(line)
            return size * count
        }
        try handle.set(CURLOPT_XFERINFODATA, pointer: context)
        try handle.set(progress: { context, _, _, _, _ in
            guard let context else { return 1 }
            return Unmanaged<MailReader>.fromOpaque(context).takeUnretainedValue().wasStopped ? 1 : 0
        })
    }

    /// `550-first` and `550 last` are one answer.
    private func hear(_ line: String) {
        guard let code = Int(line.prefix(3)), code >= 400 else { return }
        let words = line.filter { !$0.isNewline }
        let goesOn = refusal.hasPrefix("\(code)")
        refusal = String(
            (goesOn ? refusal + " " + words.dropFirst(4) : "\(code) " + words.dropFirst(4)).prefix(Self.longestRefusal))
    }

    private func read(into target: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(target.count, bytes.count - next)
        target.copyBytes(from: bytes[next..<next + count])
        next += count
        return count
    }
}

/// Bare LF is not a line end in mail, and servers refuse it.
func withCRLF(_ message: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(message.count + message.count / 32)
    var last: UInt8 = 0
    for byte in message {
        if byte == 10, last != 13 { out.append(13) }
        out.append(byte)
        last = byte
    }
    return out
}

extension MailRequest {
    /// Scheme and host, for messages. Throws when the mail cannot be sent as it is.
    fileprivate func server() throws(TransferError) -> String {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0] == "smtp:" || parts[0] == "smtps:", parts[1].isEmpty, !parts[2].isEmpty,
            !parts[2].contains("@"), !url.hasControl
        else { throw TransferError(.invalid, "mail needs smtp://host or smtps://host, without a user in it") }
        let addresses = [from] + to
        guard !to.isEmpty,
            !addresses.contains(where: { $0.isEmpty || $0.hasControl || $0.contains(where: "<> ".contains) })
        else {
            throw TransferError(.invalid, "a mail address is empty, or has a line break, NUL, space or angle bracket")
        }
        return "\(parts[0])//\(parts[2])"
    }
}
