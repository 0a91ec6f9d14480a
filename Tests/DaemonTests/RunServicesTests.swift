import Daemon
import Domain
import Foundation
import Glibc
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct RunServicesTests {
    private struct Failing: Service {
        func run() async throws { throw BackupError(.storageRefused, "it broke") }
    }

    private struct Waiting: Service {
        let onEnd: @Sendable () -> Void
        func run() async throws {
            // Ends with the group, however it ends.
            try? await gracefulShutdown()
            onEnd()
        }
    }

    private struct Ending: Service {
        let after: AsyncStream<Void>
        func run() async throws { for await _ in after {} }
    }

    @Test func whatAServiceThrowsEndsTheOthersAndReachesTheCaller() async throws {
        let ended = Mutex(false)
        let error = await #expect(throws: BackupError.self) {
            try await runServices(
                [Waiting { ended.withLock { $0 = true } }, Failing()], logger: Logger(label: "test"), onHangUp: {})
        }
        #expect(error?.code == .storageRefused)
        #expect(ended.withLock { $0 })
    }

    @Test func aWaitForReadinessDoesNotKeepAFailedStartAlive() async throws {
        let never = AsyncStream<Void>.makeStream()
        await #expect(throws: BackupError.self) {
            try await runServices([Failing()], logger: Logger(label: "test"), onHangUp: {}) {
                for await _ in never.stream {}
            }
        }
    }

    @Test func theServicesAreReadyBeforeTheEndIsAnnounced() async throws {
        let (end, isEnding) = AsyncStream<Void>.makeStream()
        let isReady = Mutex(false)
        try await runServices([Ending(after: end)], logger: Logger(label: "test"), onHangUp: {}) {
            isReady.withLock { $0 = true }
            isEnding.finish()
        }
        #expect(isReady.withLock { $0 })
    }
}

@Suite(.timeLimit(.minutes(1))) struct ServiceManagerTests {
    @Test func systemdHearsOneDatagramAMessage() throws {
        let folder = try TemporaryFolder()
        let socket = try DatagramSocket(path: folder.file("notify"))
        let manager = ServiceManager(address: folder.file("notify"))
        try manager.notify("READY=1")
        try manager.notify("STOPPING=1")
        #expect(try socket.receive() == "READY=1")
        #expect(try socket.receive() == "STOPPING=1")
    }

    @Test func nobodyToTellIsFineAndAWrongSocketIsSaid() throws {
        try ServiceManager(address: nil).notify("READY=1")
        try ServiceManager(address: "").notify("READY=1")
        #expect(throws: BackupError.self) { try ServiceManager(address: "/nonexistent/socket").notify("READY=1") }
        #expect(throws: BackupError.self) {
            try ServiceManager(address: "/" + String(repeating: "x", count: 200)).notify("READY=1")
        }
    }
}

/// Stands in for systemd.
private final class DatagramSocket: Sendable {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
    }

    deinit { close(descriptor) }

    func receive() throws -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        try #require(count > 0, "nothing was sent")
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
