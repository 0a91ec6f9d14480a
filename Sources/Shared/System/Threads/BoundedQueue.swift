/// A first-in-first-out queue between threads that holds no more than `capacity` elements: who pushes faster than others
/// pop, waits. That is the backpressure of the whole data path.
///
/// It ends in one of three ways: ``close()`` (what is inside is still delivered), ``abandon()`` (dropped at once, for
/// both sides), or its ``StopSignal``, which every wait notices within a twentieth of a second.
///
/// `@unchecked Sendable`: all mutable state is touched inside the gate only.
package final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
    private let gate = Gate()
    private let stop: StopSignal?
    private let capacity: Int
    private var elements: [Element] = []
    private var isClosed = false

    /// `capacity` is at least 1. Without `stop`, waits end by the other side only.
    package init(capacity: Int, stop: StopSignal? = nil) {
        precondition(capacity > 0, "a queue that holds nothing never moves")
        self.capacity = capacity
        self.stop = stop
        elements.reserveCapacity(capacity)
    }

    /// Adds one element, after waiting for room. False when it was not taken: closed, abandoned or stopped.
    package func push(_ element: Element) -> Bool {
        gate.locked {
            let hasRoom = gate.wait(stop: stop, until: { isClosed || elements.count < capacity })
            guard hasRoom, !isClosed, !isStopped else { return false }
            elements.append(element)
            gate.wakeAll()
            return true
        }
    }

    /// Takes the oldest element, after waiting for one. Nil when none will come: closed and empty, abandoned or stopped.
    package func pop() -> Element? {
        gate.locked {
            let hasSome = gate.wait(stop: stop, until: { isClosed || !elements.isEmpty })
            guard hasSome, !elements.isEmpty, !isStopped else { return nil }
            let element = elements.removeFirst()
            gate.wakeAll()
            return element
        }
    }

    private var isStopped: Bool { stop?.isStopped ?? false }

    /// No more will be pushed; what is inside is still delivered.
    package func close() {
        gate.locked {
            isClosed = true
            gate.wakeAll()
        }
    }

    /// Ends the queue for both sides and drops what is inside.
    package func abandon() {
        let dropped = gate.locked {
            isClosed = true
            gate.wakeAll()
            defer { elements = [] }
            return elements
        }
        // The elements end here, outside the gate: their own ends may take other locks.
        withExtendedLifetime(dropped) {}
    }
}
