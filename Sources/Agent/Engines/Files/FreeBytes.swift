import Glibc

/// How much room a file system has left.
package enum FreeBytes {
    /// As much as who is not root may still use at `path`, or at the nearest folder above it that is there; nil when it cannot be
    /// told.
    package static func at(_ path: String) -> Int64? {
        var facts = statvfs()
        var place = path
        while statvfs(place, &facts) != 0 {
            guard errno == ENOENT, let slash = place.lastIndex(of: "/"), place != "/" else { return nil }
            place = slash == place.startIndex ? "/" : String(place[..<slash])
        }
        let bytes = UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize))
        return bytes.overflow ? Int64.max : Int64(clamping: bytes.partialValue)
    }
}
