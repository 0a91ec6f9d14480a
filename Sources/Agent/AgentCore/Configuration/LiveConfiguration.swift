import Synchronization

/// The configuration that holds now: as it was read at the start, or again when the agent was told to (SIGHUP).
package final class LiveConfiguration: Sendable {
    private let state: Mutex<(current: AgentConfiguration, revision: Int, problem: String?)>

    package init(_ configuration: AgentConfiguration) { state = Mutex((configuration, 0, nil)) }

    package var current: AgentConfiguration { state.withLock { $0.current } }

    /// Rises whenever another configuration holds.
    var revision: Int { state.withLock { $0.revision } }

    /// Why the file that stands there now does not hold, for the coordinator: without anything that the file says.
    package var problem: String? { state.withLock { $0.problem } }

    /// From now on that holds.
    package func replace(_ configuration: AgentConfiguration) {
        state.withLock { $0 = (configuration, $0.revision + 1, nil) }
    }

    /// What held goes on, because the file cannot be used.
    package func keep() {
        let words =
            "agent.yaml was to be read again and cannot be used: what it said before holds; the agent's log has the mistake"
        state.withLock { $0.problem = words }
    }
}
