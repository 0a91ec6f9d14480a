/// One value that one thread will have and another waits for.
///
/// `@unchecked Sendable`: the value is touched inside the gate only.
package final class Promise<Value: Sendable>: @unchecked Sendable {
    private let gate = Gate()
    private var value: Value?

    package init() {}

    /// A promise that is kept already.
    package init(_ value: Value) { self.value = value }

    /// Gives the value. The first one counts.
    package func keep(_ value: Value) {
        gate.locked {
            if self.value == nil { self.value = value }
            gate.wakeAll()
        }
    }

    /// Waits for the value and takes it out, once. Nil when `stop` was stopped first.
    package func take(stop: StopSignal? = nil) -> Value? {
        gate.locked {
            guard gate.wait(stop: stop, until: { value != nil }) else { return nil }
            defer { value = nil }
            return value
        }
    }
}
