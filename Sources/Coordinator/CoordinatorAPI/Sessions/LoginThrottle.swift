import Foundation
import Synchronization

/// Slows down guessing: after a few failures within a minute, an address has to wait until the minute is over.
final class LoginThrottle: Sendable {
    private struct Failures {
        var count: Int
        let since: Date

        func isFresh(at now: Date) -> Bool { now.timeIntervalSince(since) < LoginThrottle.window }
    }

    private let failures = Mutex<[String: Failures]>([:])

    private static let allowed = 5
    private static let window: TimeInterval = 60
    /// So that a crowd of addresses fills no memory. Beyond it everybody waits.
    private static let capacity = 10_000

    /// Seconds to wait before another attempt; nil when one may be made.
    func pause(for address: String, now: Date) -> Int? {
        failures.withLock { failures in
            // Those whose time is over hold nobody up.
            if failures.count >= Self.capacity { failures = failures.filter { $0.value.isFresh(at: now) } }
            guard let past = failures[address] else { return failures.count < Self.capacity ? nil : Int(Self.window) }
            let left = Self.window - now.timeIntervalSince(past.since)
            guard left > 0 else { return nil }
            return past.count < Self.allowed ? nil : Int(left.rounded(.up))
        }
    }

    func failed(_ address: String, now: Date) {
        failures.withLock { failures in
            failures = failures.filter { $0.value.isFresh(at: now) }
            failures[address, default: Failures(count: 0, since: now)].count += 1
        }
    }

    func succeeded(_ address: String) { failures.withLock { $0[address] = nil } }
}
