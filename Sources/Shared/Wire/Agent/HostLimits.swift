/// What a host's own `agent.yaml` allows its coordinator to ask. The host enforces it; told so that the coordinator can say
/// beforehand what would be refused.
package struct HostLimits: Codable, Sendable, Equatable {
    /// Directory destinations lie in one of these folders, or below.
    package var directories: [String]
    /// Where object stores may be, as ``Destination/S3/store``; nil for anywhere.
    package var stores: [String]?
    /// Whether a restore may take an existing database's place.
    package var replace: Bool

    package init(directories: [String], stores: [String]?, replace: Bool) {
        self.directories = directories
        self.stores = stores
        self.replace = replace
    }

    /// With these words every refusal begins.
    package static let refusal = "the host does not allow this"

    /// Why the host refuses this destination; nil when it does not. The directory that has no path, in the agent's own data, is
    /// for the agent to judge.
    package func refusal(of destination: Destination) -> String? {
        if let path = destination.directory?.path, !directories.contains(where: { Self.isInside(path, $0) }) {
            return "\(Self.refusal): its agent.yaml allows no directory \(path); allow.directories there can name it"
        }
        guard let s3 = destination.s3, let stores, !stores.contains(s3.store) else { return nil }
        return
            "\(Self.refusal): its agent.yaml allows no object store at \(s3.store); allow.endpoints there can name it"
    }

    /// Why the host does not read from this address; nil when it does.
    package func refusal(ofAddress url: String) -> String? {
        guard let stores else { return nil }
        let store = Destination.S3.store(at: url)
        // A bucket may stand before the host's name.
        let isKnown = stores.contains { known in
            guard let host = known.firstRange(of: "://") else { return store == known }
            return store == known
                || (store.hasPrefix(known[..<host.upperBound]) && store.hasSuffix("." + known[host.upperBound...]))
        }
        guard !isKnown else { return nil }
        return "\(Self.refusal): its agent.yaml allows no object store at \(store); allow.endpoints there can name it"
    }

    /// Paths are compared by their parts as they are written: one with `.` or `..` in it is inside of nothing.
    package static func isInside(_ path: String, _ root: String) -> Bool {
        let parts = path.split(separator: "/")
        guard path.hasPrefix("/"), !parts.contains("."), !parts.contains("..") else { return false }
        return parts.starts(with: root.split(separator: "/"))
    }
}

extension Destination.S3 {
    /// Which provider the store is of, without bucket and region: `aws`, or scheme, host and port.
    package var store: String { endpoint.map(Self.store(at:)) ?? "aws" }

    /// The same of an address of the store, or of something in it.
    package static func store(at address: String) -> String {
        let text = address.lowercased()
        guard let colon = text.firstRange(of: "://") else { return text }
        let scheme = text[..<colon.lowerBound]
        let authority = text[colon.upperBound...].prefix { !"/?#\\".contains($0) }
        if scheme == "https", String(authority.replacing(":443", with: "")).wholeMatch(of: aws) != nil { return "aws" }
        let ownPort = scheme == "https" ? ":443" : ":80"
        return "\(scheme)://\(authority.hasSuffix(ownPort) ? authority.dropLast(ownPort.count) : authority)"
    }

    /// The names of S3 itself, with any bucket before them; others below `amazonaws.com` are anybody's.
    private static var aws: Regex<Substring> {
        /(?:[a-z0-9._-]+\.)?s3(?:-fips|-accelerate)?(?:\.dualstack)?(?:[.-][a-z]{2}(?:-[a-z]+)+-[0-9]+)?(?:\.vpce)?\.amazonaws\.com(?:\.cn)?/
    }
}
