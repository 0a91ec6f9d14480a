import Domain
import Foundation
import Glibc

/// systemd, as far as a service talks to it: one datagram a change of state, to the socket that it named.
package struct ServiceManager: Sendable {
    /// `NOTIFY_SOCKET`: a path, or an abstract name that begins with `@`; nil when nobody listens.
    let address: String?

    package init(address: String?) { self.address = address }

    /// The one that started this process, if one did.
    package static var fromEnvironment: ServiceManager {
        ServiceManager(address: ProcessInfo.processInfo.environment["NOTIFY_SOCKET"])
    }

    /// Sends `READY=1`, `STOPPING=1` or `STATUS=…`; does nothing when nobody listens. Throws `.configuration`.
    package func notify(_ state: String) throws {
        guard let address, !address.isEmpty else { return }
        var name = Array(address.utf8)
        if name.first == UInt8(ascii: "@") { name[0] = 0 }

        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        guard name.count < MemoryLayout.size(ofValue: target.sun_path) else {
            throw BackupError(.configuration, "NOTIFY_SOCKET is too long for a socket address")
        }
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: name) }
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? MemoryLayout<sa_family_t>.size
        let length = socklen_t(offset + name.count)

        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw systemError("making a socket for systemd", path: address) }
        defer { close(descriptor) }
        let message = Array(state.utf8)
        // The pointer lives as long as the call, and the kernel only reads `length` bytes of the address through it.
        let sent = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
        guard sent == message.count else { throw systemError("telling systemd", path: address) }
    }
}
