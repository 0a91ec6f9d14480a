import Foundation
import Glibc
import Synchronization

/// Slows down guessing: after a few failures within a minute, an address has to wait until the minute is over.
final class AddressThrottle: Sendable {
    private struct Failures {
        var count: Int
        let since: Date

        func isFresh(at now: Date) -> Bool { now.timeIntervalSince(since) < AddressThrottle.window }
    }

    private let failures = Mutex<[String: Failures]>([:])

    private let allowed: Int
    /// Whether everybody waits when there are too many addresses to remember.
    private let holdsUpStrangers: Bool
    private static let window: TimeInterval = 60
    /// So that a crowd of addresses fills no memory.
    private static let capacity = 10_000

    init(allowed: Int = 5, holdsUpStrangers: Bool = true) {
        (self.allowed, self.holdsUpStrangers) = (allowed, holdsUpStrangers)
    }

    /// Who shares a count: one IPv4 address, or one network of IPv6, of which any host has as many addresses as it likes.
    static func origin(_ address: String) -> String {
        var bytes = in6_addr()
        guard address.contains(":"), inet_pton(AF_INET6, String(address.prefix { $0 != "%" }), &bytes) == 1 else {
            return address
        }
        return withUnsafeBytes(of: bytes) { raw in
            let isMapped = raw.prefix(10).allSatisfy { $0 == 0 } && raw[10] == 0xFF && raw[11] == 0xFF
            return isMapped
                ? raw.suffix(4).map(String.init).joined(separator: ".")
                : raw.prefix(8).map { String($0, radix: 16) }.joined(separator: ":") + "::/64"
        }
    }

    /// Seconds to wait before another attempt; nil when one may be made.
    func pause(for address: String, now: Date) -> Int? {
        failures.withLock { failures in
            // Those whose time is over hold nobody up.
            if failures.count >= Self.capacity { failures = failures.filter { $0.value.isFresh(at: now) } }
            guard let past = failures[address] else {
                return failures.count < Self.capacity || !holdsUpStrangers ? nil : Int(Self.window)
            }
            let left = Self.window - now.timeIntervalSince(past.since)
            guard left > 0 else { return nil }
            return past.count < allowed ? nil : Int(left.rounded(.up))
        }
    }

    func failed(_ address: String, now: Date) {
        failures.withLock { failures in
            failures = failures.filter { $0.value.isFresh(at: now) }
            guard failures.count < Self.capacity || failures[address] != nil || holdsUpStrangers else { return }
            failures[address, default: Failures(count: 0, since: now)].count += 1
        }
    }

    func succeeded(_ address: String) { failures.withLock { $0[address] = nil } }
}
