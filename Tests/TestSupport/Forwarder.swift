import Foundation
import Glibc

/// A door in front of a server on loopback (`Tests/Servers/forwarder.py`) that can be closed for a while: nobody listens
/// then, and what was under way is cut.
package final class Forwarder: Sendable {
    private let server: ServerProcess
    private let log: URL

    /// `turnedAway`: so many connections are reset at once after it was closed and opened again.
    /// `losingAnswer`: the answer to the first request of more bytes than this never arrives.
    package init(to port: Int, turnedAway: Int = 0, losingAnswer: Int = 0) throws {
        log = FileManager.default.temporaryDirectory.appending(path: "holdfast-forwarder-\(UUID().uuidString).log")
        server = try ServerProcess(
            script: "forwarder.py",
            ["--to", String(port), "--turn-away", String(turnedAway), "--lose-answer", String(losingAnswer)], log: log)
    }

    deinit { try? FileManager.default.removeItem(at: log) }

    package var port: Int { server.port }

    /// In the middle of a large request: waits for the next one.
    package func close() async throws {
        kill(server.pid, SIGUSR1)
        try await eventually("the forwarder is closed") {
            try events().contains { $0.hasPrefix("closed") } ? true : nil
        }
    }

    package func open() async throws {
        kill(server.pid, SIGUSR2)
        try await eventually("the forwarder is open") { try events().contains("open again") ? true : nil }
    }

    package func stop() { server.stop() }

    /// What happened, in order: `accepted`, `closed, cut N`, `open again`, `turned away`.
    package func events() throws -> [String] {
        try String(contentsOf: log, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    /// Whether a connection is refused just now.
    package var refuses: Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return result != 0 && errno == ECONNREFUSED
    }
}
