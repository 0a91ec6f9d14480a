package import Foundation

/// What the coordinator takes from outside: clock, ids, environment. A test replaces what it uses.
package struct CoordinatorWorld: Sendable {
    package var now: @Sendable () -> Date
    package var uuid: @Sendable () -> UUID
    package var environment: [String: String]

    package init(
        now: @escaping @Sendable () -> Date, uuid: @escaping @Sendable () -> UUID, environment: [String: String]
    ) {
        self.now = now
        self.uuid = uuid
        self.environment = environment
    }
}
