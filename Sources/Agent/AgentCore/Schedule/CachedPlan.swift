import Domain
package import Foundation
package import Wire

/// The plan as the agent keeps it on disk, however old it is, for who works without a coordinator.
package struct CachedPlan: Sendable {
    /// The empty plan when there is none.
    package let plan: Plan
    /// When it was written; nil when there is none.
    package let writtenAt: Date?
    /// Why it cannot be read, in words, though there may be one.
    package let trouble: String?

    /// Looks at the plan of this data directory. Changes nothing.
    package init(_ paths: AgentPaths) {
        let store = PlanStore.read(file: paths.plan)
        (plan, trouble) = (store.plan, store.trouble)
        var date: Date?
        for url in [paths.plan, PlanStore.copy(of: paths.plan)] where plan.revision > 0 && date == nil {
            date = (try? FileManager.default.attributesOfItem(atPath: url.path))?[.modificationDate] as? Date
        }
        writtenAt = date
    }

    /// `revision 7, 8 h old`.
    package func words(now: Date) -> String {
        let age = writtenAt.map { ", \(SpanText.of(now.timeIntervalSince($0))) old" } ?? ""
        return "revision \(plan.revision)\(age)"
    }
}
