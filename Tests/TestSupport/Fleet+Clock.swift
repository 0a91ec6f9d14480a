import Domain
package import Foundation

extension Fleet {
    /// Ends the coordinator as a crash would, and starts it with that clock so far ahead; returns once it believes the new time,
    /// for which it may be at most a day after the last one.
    package func restart(_ clock: MovedClock, ahead seconds: TimeInterval) async throws {
        killCoordinator()
        try clock.set(ahead: seconds)
        let now = Date().timeIntervalSince1970 + seconds
        try await start()
        try await eventually("the coordinator believes its clock") { () -> Bool? in
            let mark = try await catalog("SELECT value FROM setting WHERE name = 'clock-high-water'").first
            guard let time = mark.flatMap(Timestamp.date) else { return nil }
            return time.timeIntervalSince1970 >= now - 1 ? true : nil
        }
    }
}
