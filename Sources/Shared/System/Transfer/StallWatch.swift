/// Notices a transfer that no longer moves, without counting the time that the receiver of the bytes took.
///
/// libcurl's own low-speed limit would count it, and a restore into a database that builds an index for minutes would
/// lose its download.
struct StallWatch {
    private let limit: Int64
    private let window: Duration
    private var windowStart: ContinuousClock.Instant
    private var bytesAtStart: Int64 = 0
    private var elsewhere = Duration.zero

    init(bytesPerSecond: Int64, window: Duration, now: ContinuousClock.Instant) {
        self.limit = bytesPerSecond
        self.window = window
        windowStart = now
    }

    /// `time` went by in the caller's closure.
    mutating func spent(_ time: Duration) { elsewhere += time }

    /// Whether less than the limit moved in a whole window. `bytes` is the count since the beginning, both ways.
    mutating func isStalled(bytes: Int64, now: ContinuousClock.Instant) -> Bool {
        guard window > .zero else { return false }
        let passed = windowStart.duration(to: now) - elsewhere
        guard passed >= window else { return false }
        if bytes - bytesAtStart < limit * max(passed.components.seconds, 1) { return true }
        (windowStart, bytesAtStart, elsewhere) = (now, bytes, .zero)
        return false
    }
}
