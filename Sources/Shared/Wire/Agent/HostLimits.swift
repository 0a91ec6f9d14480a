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

    /// Why the host refuses this destination; nil when it does not. `backups` is the folder that a directory destination
    /// without a path stands for.
    package func refusal(of destination: Destination, backups: String) -> String? {
        if let directory = destination.directory {
            let path = directory.path ?? backups
            guard !directories.contains(where: { Self.isInside(path, $0) }) else { return nil }
            return "agent.yaml of this host allows no directory \(path)"
        }
        guard let s3 = destination.s3, let stores, !stores.contains(s3.store) else { return nil }
        return "agent.yaml of this host allows no object store at \(s3.store)"
    }

    /// Paths are compared as they are written: a path with `.` or `..` in it is inside of nothing.
    package static func isInside(_ path: String, _ root: String) -> Bool {
        let parts = path.split(separator: "/")
        guard path.hasPrefix("/"), !parts.contains("."), !parts.contains("..") else { return false }
        let above = root.split(separator: "/")
        return parts.starts(with: above)
    }
}

extension Destination.S3 {
    /// Which provider the store is of, without bucket and region: `aws`, or scheme, host and port.
    package var store: String { endpoint?.lowercased() ?? "aws" }
}
