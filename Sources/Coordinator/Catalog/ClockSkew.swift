package import Foundation

/// How far the clocks of hosts and of the coordinator may be apart.
package enum ClockSkew {
    /// In seconds. What lies further ahead cannot have been yet: a clock was wrong when it was written down.
    package static let tolerated: TimeInterval = 300
}
