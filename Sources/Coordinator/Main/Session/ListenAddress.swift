import ArgumentParser
import Foundation

/// Where to listen: `host:port`, `[::1]:port`.
struct ListenAddress: ExpressibleByArgument, CustomStringConvertible, Sendable, Equatable {
    let host: String
    let port: Int

    init(host: String, port: Int) { (self.host, self.port) = (host, port) }

    init?(argument: String) {
        guard let match = argument.wholeMatch(of: /(\[[0-9A-Fa-f:.%a-z]+\]|[^:\[\]\s]+):([0-9]{1,5})/),
            let port = Int(match.2), port <= 65535
        else { return nil }
        host = match.1.hasPrefix("[") ? String(match.1.dropFirst().dropLast()) : String(match.1)
        self.port = port
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    var defaultValueDescription: String { description }
}
