import Glibc

/// How many files and connections this process may have open.
enum OpenFileLimit {
    /// What the catalog, logs and calls to stores need beside connections.
    private static let reserve = 256

    /// Lifts the soft limit to the hard one (a connection beyond it could not be accepted, and the usual soft limit of
    /// 1024 is smaller than a fleet), and says how many connections fit.
    static func lift() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 - reserve }
        if limit.rlim_cur < limit.rlim_max {
            var lifted = limit
            lifted.rlim_cur = limit.rlim_max
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &lifted) == 0 { limit = lifted }
        }
        return max(64, Int(min(limit.rlim_cur, 1 << 20)) - reserve)
    }
}
