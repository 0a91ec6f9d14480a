import Domain
import Foundation
import Subprocess

/// Bytes as they are, over TLS: for what no proper client sends.
enum RawConnection {
    /// Sends each piece, with a pause between them when `pause` is given, then reads until the server ends the
    /// connection; answers everything that came.
    static func send(
        _ pieces: [String], port: Int, pause: Double = 0, filler: Filler? = nil, end: End = .stay,
        order: Order = .both
    ) async throws -> String {
        let plan: [String: Any] = [
            "port": port, "pieces": pieces.map { Data($0.utf8).base64EncodedString() }, "pause": pause,
            "filler": filler.map { Data($0.text.utf8).base64EncodedString() } ?? "", "times": filler?.times ?? 0,
            "end": end.rawValue, "order": order.rawValue,
        ]
        let input = Array(try JSONSerialization.data(withJSONObject: plan))
        return try await python(script, input)
    }

    /// Whether the client reads while it writes.
    enum Order: String {
        case both
        case writeThenRead
    }

    /// How the client goes on when it has sent everything.
    enum End: String {
        /// Reads until the server ends the connection.
        case stay
        /// Says that it will send no more, as TLS does it.
        case notify
        /// Ends its side of the TCP connection without a word.
        case fin
    }

    /// Opens so many TCP connections, says nothing on any of them, and waits until the server has closed them all, or so many
    /// of them; answers how many it did.
    static func crowd(_ count: Int, port: Int, until wanted: Int? = nil) async throws -> Int {
        let input = Array(
            try JSONSerialization.data(withJSONObject: ["port": port, "count": count, "wanted": wanted ?? count]))
        return Int(try await python(crowdScript, input)) ?? 0
    }

    private static func python(_ script: String, _ input: [UInt8]) async throws -> String {
        let python = ProcessInfo.processInfo.environment["HOLDFAST_PYTHON"] ?? "python3"
        let result = try await run(
            .name("env"), arguments: [python, "-c", script], input: .array(input), output: .bytes(limit: 1 << 20),
            error: .string(limit: 1 << 16))
        guard result.terminationStatus.isSuccess else {
            throw BackupError(.bug, "the raw client failed: \(result.standardError)")
        }
        return String(decoding: result.standardOutput, as: UTF8.self)
    }

    /// A text that is sent over and over, after the pieces.
    struct Filler {
        let text: String
        let times: Int
    }

    /// Writing and reading mostly go on at once, since a server may answer before it has read everything. In one thread: two
    /// must not use one TLS connection at the same time.
    private static let script = """
        import base64, itertools, json, select, socket, ssl, sys, time
        plan = json.load(sys.stdin)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        s = context.wrap_socket(socket.create_connection(("127.0.0.1", plan["port"]), timeout=45))
        s.setblocking(False)
        filler = base64.b64decode(plan["filler"])
        chunks = itertools.chain(map(base64.b64decode, plan["pieces"]), itertools.repeat(filler, plan["times"]))
        rest, pausing_until, is_writing, last = memoryview(b""), 0, True, time.monotonic()

        def write():
            global rest, pausing_until, is_writing
            if not rest:
                if time.monotonic() < pausing_until: return
                chunk = next(chunks, None)
                if chunk is None:
                    is_writing = False
                    if plan["end"] == "notify": s.unwrap()
                    if plan["end"] == "fin": socket.socket.shutdown(s, socket.SHUT_WR)
                    return
                rest = memoryview(chunk)
            rest = rest[s.send(rest):]
            if not rest: pausing_until = time.monotonic() + plan["pause"]

        while True:
            moved = False
            if is_writing:
                try:
                    before = len(rest)
                    write()
                    moved = not is_writing or len(rest) != before
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
                except OSError:
                    is_writing = False
            if not is_writing or plan["order"] == "both":
                try:
                    got = s.recv(65536)
                    if not got: break
                    sys.stdout.buffer.write(got)
                    moved = True
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
                except OSError as error:
                    sys.stdout.buffer.write(("<" + type(error).__name__ + ">").encode())
                    break
            if moved:
                last = time.monotonic()
            elif time.monotonic() - last > 45:
                sys.stdout.buffer.write(b"<TimeoutError>")
                break
            else:
                select.select([s], [s] if is_writing and rest else [], [], 0.05 if is_writing else 1)
        """

    private static let crowdScript = """
        import json, select, socket, sys
        plan = json.load(sys.stdin)
        crowd = [socket.create_connection(("127.0.0.1", plan["port"]), timeout=45) for _ in range(plan["count"])]
        closed, waiting = 0, set(crowd)
        while closed < plan["wanted"]:
            ready = select.select(list(waiting), [], [], 45)[0]
            if not ready:
                break
            for s in ready:
                waiting.discard(s)
                try:
                    closed += s.recv(1) == b""
                except ConnectionError:
                    closed += 1
        print(closed, end="")
        """
}
