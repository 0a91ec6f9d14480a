import CoordinatorClient
import Domain
import Wire

/// Which plan this host has or would have: as its coordinator says, which knows what changed since; else as it lies here.
struct PlanLook {
    let store: PlanStore
    /// Nil when the coordinator does not answer.
    let link: CoordinatorLink?

    /// The plan is nil when there is none to be known.
    func plan(with facts: [DatabaseFacts]) async -> (plan: Plan?, finding: Doctor.Finding) {
        let kept = await store.current
        if let trouble = await store.trouble { return (nil, finding(.bad, trouble)) }
        let unasked: String
        do {
            guard let link else { throw BackupError(.unreachable, "the coordinator does not answer") }
            let plan = try await link.current().plan(PlanQuestion(databases: facts)).plan
            let size = "\(CountText.of(plan.entries.count, "schedule")) by the coordinator's fleet.yaml"
            if kept.revision == 0 {
                return (plan, finding(.good, "\(size); it comes here with the first check-in of `holdfast-agent run`"))
            }
            let isSame = kept.entries == plan.entries && kept.destinations == plan.destinations
            let other =
                "\(size); the agent works by another (revision \(kept.revision)): is `holdfast-agent run` up, and was it restarted "
                + "since agent.yaml changed?"
            return (plan, isSame ? finding(.good, "revision \(kept.revision), \(size)") : finding(.warning, other))
        } catch {
            unasked =
                (error as? BackupError)?.code == .notFound ? "the coordinator is older and cannot be asked" : "\(error)"
        }
        guard kept.revision > 0 else {
            return (
                nil,
                finding(.bad, "there is none here, and \(unasked): destinations and schedules could not be looked at")
            )
        }
        let size = CountText.of(kept.entries.count, "schedule")
        return (kept, finding(.warning, "revision \(kept.revision), \(size), as kept here (\(unasked))"))
    }

    private func finding(_ verdict: Doctor.Finding.Verdict, _ words: String) -> Doctor.Finding {
        Doctor.Finding(subject: "plan", verdict: verdict, words: words)
    }
}
