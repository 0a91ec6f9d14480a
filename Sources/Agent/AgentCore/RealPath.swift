import Foundation

/// Where a path leads, before all of it exists.
enum RealPath {
    /// The path without links, dots and doubled slashes; what does not exist yet stands behind what does. nil for one that is
    /// not absolute, that has `..` in it, that is longer than the system takes (4096 bytes), or that leads through a link to nowhere.
    static func of(_ path: String) -> String? {
        guard path.hasPrefix("/"), path.utf8.count <= 4096, !path.utf8.contains(0) else { return nil }
        var there = path.split(separator: "/").filter { $0 != "." }
        guard !there.contains("..") else { return nil }
        var missing: [Substring] = []
        // Ends at the root, which is always there.
        while true {
            let above = "/" + there.joined(separator: "/")
            if let resolved = realpath(above, nil) {
                defer { free(resolved) }
                guard let real = String(validatingCString: resolved) else { return nil }
                let parts = real.split(separator: "/") + missing.reversed()
                return "/" + parts.joined(separator: "/")
            }
            var facts = stat()
            guard lstat(above, &facts) != 0, let last = there.popLast() else { return nil }
            missing.append(last)
        }
    }
}
