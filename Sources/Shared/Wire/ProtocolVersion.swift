/// The number that every message between agent and coordinator carries. It only rises; fields are only ever added.
///
/// - 1: first release.
/// - 2: instances of an agent are told apart; the coordinator asks for copies on a host; what a host allows; whose backup a
///   restore is of; operations can be cancelled.
/// - 3: parts of an archive can be restored.
package struct ProtocolVersion: RawRepresentable, Codable, Hashable, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// What this program speaks.
    package static let current = Self(rawValue: 3)
    /// What the coordinator accepts: its own number and the two below it.
    package static var accepted: ClosedRange<Int> { max(1, current.rawValue - 2)...current.rawValue }
}
