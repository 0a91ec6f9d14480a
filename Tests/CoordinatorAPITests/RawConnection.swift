import Domain
import Foundation
import Subprocess

/// Bytes as they are, over TLS: for what no proper client sends.
enum RawConnection {
    /// Sends each piece, with a pause between them when `pause` is given, then reads until the server ends the
    /// connection; answers everything that came.
    static func send(
        _ pieces: [String], port: Int, pause: Double = 0, filler: Filler? = nil, end: End = .stay
    ) async throws -> String {
        let plan: [String: Any] = [
            "port": port, "pieces": pieces.map { Data($0.utf8).base64EncodedString() }, "pause": pause,
            "filler": filler.map { Data($0.text.utf8).base64EncodedString() } ?? "", "times": filler?.times ?? 0,
            "end": end.rawValue,
        ]
        let input = Array(try JSONSerialization.data(withJSONObject: plan))
        return try await python(script, input)
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

    /// Opens so many TCP connections, says nothing on any of them, and waits until the server has closed them all;
    /// answers how many it did.
    static func crowd(_ count: Int, port: Int) async throws -> Int {
        let input = Array(try JSONSerialization.data(withJSONObject: ["port": port, "count": count]))
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

    /// Writing and reading go on at once, since a server may answer before it has read everything.
    private static let script = """
        import base64, json, socket, ssl, sys, threading, time
        plan = json.load(sys.stdin)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", plan["port"]), timeout=45)
        s = context.wrap_socket(plain)
        def write():
            try:
                for piece in plan["pieces"]:
                    s.sendall(base64.b64decode(piece))
                    if plan["pause"]: time.sleep(plan["pause"])
                block = base64.b64decode(plan["filler"])
                for _ in range(plan["times"]):
                    s.sendall(block)
                    if plan["pause"]: time.sleep(plan["pause"])
                if plan["end"] == "notify": s.unwrap()
                if plan["end"] == "fin": s.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        threading.Thread(target=write, daemon=True).start()
        try:
            while True:
                got = s.recv(65536)
                if not got: break
                sys.stdout.buffer.write(got)
        except OSError as error:
            sys.stdout.buffer.write(("<" + type(error).__name__ + ">").encode())
        """

    private static let crowdScript = """
        import json, socket, sys
        plan = json.load(sys.stdin)
        crowd = [socket.create_connection(("127.0.0.1", plan["port"]), timeout=45) for _ in range(plan["count"])]
        closed = 0
        for s in crowd:
            try:
                closed += s.recv(1) == b""
            except ConnectionError:
                closed += 1
        print(closed, end="")
        """
}
