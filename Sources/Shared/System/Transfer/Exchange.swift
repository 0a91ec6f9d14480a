import CCurl
import Threads

/// What to do with the body of a download, once its head is known.
package enum BodyPlan: Sendable {
    /// Hand it out chunk by chunk.
    case stream
    /// Keep it in the response, up to the request's limit: an error's text.
    case keep
    /// Break off.
    case end
}

/// One request on its way: libcurl calls back into it, on the thread that performs.
final class Exchange {
    typealias Head = (HTTPResponse) -> BodyPlan
    typealias Chunk = (UnsafeRawBufferPointer) -> Bool

    private let answerLimit: Int
    private let stop: StopSignal?
    private let onHead: Head
    private let onChunk: Chunk
    private var stall: StallWatch
    private var plan: BodyPlan?
    private var status = 0
    private var headers: [(name: String, value: String)] = []
    private var kept: [UInt8] = []
    /// Why we broke it off ourselves.
    private(set) var verdict: TransferError.Kind?

    init(
        _ request: HTTPRequest, _ options: TransferOptions, _ stop: StopSignal?, onHead: @escaping Head,
        onChunk: @escaping Chunk
    ) {
        answerLimit = request.answerLimit
        self.stop = stop
        self.onHead = onHead
        self.onChunk = onChunk
        stall = StallWatch(
            bytesPerSecond: options.stallBytesPerSecond, window: request.stallAfter ?? options.stallAfter,
            now: .now)
    }

    var response: HTTPResponse { HTTPResponse(status: status, headers: headers, body: kept) }

    /// An answer without a body has a head nevertheless.
    func finish() {
        if plan == nil { plan = onHead(response) }
    }

    fileprivate func head(_ line: String) {
        if line.hasPrefix("HTTP/") {
            // Each status line begins anew: what came before was a 1xx, or the proxy's answer to CONNECT.
            headers = []
            status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers.append((String(line[..<colon]), String(value)))
        }
    }

    /// Whether to go on.
    fileprivate func body(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let plan = self.plan ?? onHead(response)
        self.plan = plan
        switch plan {
        case .end:
            verdict = .ended
            return false
        case .keep:
            guard kept.count + bytes.count <= answerLimit else {
                verdict = .tooLarge
                return false
            }
            kept.append(contentsOf: bytes)
            return true
        case .stream:
            let began = ContinuousClock.now
            let goOn = onChunk(bytes)
            stall.spent(began.duration(to: .now))
            if !goOn { verdict = .ended }
            return goOn
        }
    }

    /// Whether to go on.
    fileprivate func progress(_ bytes: Int64) -> Bool {
        if stop?.isStopped == true {
            verdict = .stopped
        } else if stall.isStalled(bytes: bytes, now: .now) {
            verdict = .timeout
        }
        return verdict == nil
    }

    /// Lets libcurl call this object. It must outlive the transfer: the caller keeps it alive around `perform`.
    func attach(to handle: EasyHandle) throws(TransferError) {
        let context = UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
        try handle.set(CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let raw = UnsafeRawBufferPointer(start: bytes, count: size * count)
            var line = String(decoding: raw, as: UTF8.self)
            while line.last?.isWhitespace == true { line.removeLast() }
            Exchange.from(context).head(line)
            return size * count
        }
        try handle.set(CURLOPT_HEADERDATA, pointer: context)
        try handle.set(CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let raw = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Exchange.from(context).body(raw) ? size * count : 0
        }
        try handle.set(CURLOPT_WRITEDATA, pointer: context)
        try handle.set(progress: { context, _, received, _, sent in
            guard let context else { return 1 }
            return Exchange.from(context).progress(Int64(received + sent)) ? 0 : 1
        })
        try handle.set(CURLOPT_XFERINFODATA, pointer: context)
    }

    private static func from(_ context: UnsafeMutableRawPointer) -> Exchange {
        Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    }
}
