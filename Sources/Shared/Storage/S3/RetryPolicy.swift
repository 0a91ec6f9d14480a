package import Threads

/// How long a store is tried again before an operation fails.
package struct RetryPolicy: Sendable {
    /// The upper bound of the first pause; it doubles with each failure. The pause is drawn between nothing and the
    /// bound, so that many hosts do not come back at once.
    package var firstPause: Duration
    package var longestPause: Duration
    /// From the first failure in a row. A pause that would end later is not begun.
    package var budget: Duration
    /// Tried at least so often, even if each try takes longer than the budget.
    package var leastAttempts: Int
    /// Tried no more often, even if there is time left.
    package var mostAttempts = Int.max
    /// The budget for cleaning up after a failure, when somebody waits for the end.
    package var abortBudget: Duration

    package init(
        firstPause: Duration = .milliseconds(500), longestPause: Duration = .seconds(8),
        budget: Duration = .seconds(90),
        leastAttempts: Int = 3, abortBudget: Duration = .seconds(10)
    ) {
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.budget = budget
        self.leastAttempts = leastAttempts
        self.abortBudget = abortBudget
    }

    /// For cleaning up: the same, within ``abortBudget``.
    var forAbort: RetryPolicy {
        var policy = self
        policy.budget = abortBudget
        policy.leastAttempts = 1
        return policy
    }
}

/// The failures in a row of one operation.
package struct Retries {
    private let policy: RetryPolicy
    private(set) var failures = 0
    private var first: ContinuousClock.Instant?

    package init(_ policy: RetryPolicy) { self.policy = policy }

    /// Notes a failure, and says how long to wait before the next try; nil to give up. `asked` is the store's own wish.
    package mutating func pause(asked: Duration?) -> Duration? {
        failures += 1
        guard failures < policy.mostAttempts else { return nil }
        let now = ContinuousClock.now
        let first = first ?? now
        self.first = first
        let bound = min(policy.longestPause, policy.firstPause * (1 << min(failures - 1, 20)))
        let pause = max(bound * Double.random(in: 0...1), asked ?? .zero)
        let isInTime = first.duration(to: now) + pause <= policy.budget
        // A store that asks for more than all of our patience is not waited for at all.
        guard isInTime || (failures < policy.leastAttempts && pause <= policy.budget) else { return nil }
        return pause
    }

    /// Something went well: the next failure is a first one.
    package mutating func reset() { self = Retries(policy) }

    /// Notes a failure and waits on this thread before the next try. False when it is time to give up, or `stop` was
    /// stopped.
    package mutating func mayTryAgain(asked: Duration?, stop: StopSignal) -> Bool {
        guard let pause = pause(asked: asked) else { return false }
        return wait(pause, stop: stop)
    }
}
