import Archive

/// How long a dump may move no byte at all before it is given up: long enough for any lock or slow query, short enough that
/// a half-open connection does not block the database's backups for ever (P8).
struct Patience {
    let limit: Duration
    /// The engine makes a copy before its first byte: that takes longer, though not for ever.
    let fromFirstByte: Bool
    private static let limitOfCopy = Duration.seconds(12 * 3600)
    private var moved: Int64 = 0
    private var since: ContinuousClock.Instant

    init(limit: Duration = .seconds(3600), fromFirstByte: Bool, now: ContinuousClock.Instant) {
        self.limit = limit
        self.fromFirstByte = fromFirstByte
        since = now
    }

    /// Notes how many bytes have moved so far; answers whether it is over.
    mutating func isOver(moved bytes: Int64, now: ContinuousClock.Instant) -> Bool {
        if bytes != moved { (moved, since) = (bytes, now) }
        return now - since > (fromFirstByte && moved == 0 ? max(limit, Self.limitOfCopy) : limit)
    }
}
