import Catalog
package import Domain
package import Wire

extension Coordinator {
    /// The plan that an agent would have with these databases, as `fleet.yaml` stands. Keeps nothing. Throws `.usage` for too many,
    /// `.forbidden` for an agent that is not enrolled.
    package func plan(_ question: PlanQuestion, from agent: AgentIdentity) async throws(BackupError) -> PlanAnswer {
        try Self.check(question.version)
        let facts = question.databases
        guard facts.count <= AgentCaps.databases else { throw BackupError(.usage, AgentCaps.tooMany(facts)) }
        let fleet = fleet
        return try await catalog.read { view in
            guard let record = try view.agent(agent.id), record.revokedAt == nil, record.keyFingerprint == agent.key
            else {
                throw BackupError(.forbidden, "the agent \(agent.name) is not enrolled")
            }
            let resolver = PlanResolver(
                configuration: fleet, isFleet: try view.hasFleet(), found: try StoreProbeRecord.ways(of: fleet, view))
            return PlanAnswer(
                plan: resolver.plan(
                    agent: agent.id, labels: record.labels, facts: facts, revision: record.planRevision))
        }
    }
}
