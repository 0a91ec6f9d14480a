/// `POST /v1/agent/plan`: which plan a host would have with these databases. Nothing is kept of it, and no process speaks for the
/// agent by it: `doctor` asks. Since 3; an older coordinator does not know the address.
package struct PlanQuestion: Codable, Sendable, Equatable {
    package var version: ProtocolVersion
    /// All that the host declares.
    package var databases: [DatabaseFacts]

    package init(version: ProtocolVersion = .current, databases: [DatabaseFacts]) {
        self.version = version
        self.databases = databases
    }
}

/// To ``PlanQuestion``.
package struct PlanAnswer: Codable, Sendable, Equatable {
    /// Under the revision that the agent's plan has now.
    package var plan: Plan

    package init(plan: Plan) { self.plan = plan }
}
