import Catalog
import Domain
import Foundation

extension CatalogUpdate {
    /// Resolves the open incident of this key, if there is one, because what was wrong is well again: who was told of it is told of
    /// its end. What an operator ends by a decision is only resolved.
    func recover(_ key: String, at now: Date) throws {
        guard let incident = try openIncident(key: key) else { return }
        try resolve(key: key, at: now)
        try announceEnd(of: incident.id, .over(incident, at: now), at: now)
    }
}

extension IncidentCondition {
    /// What is said at the end of an incident: what it was, and how long it lasted.
    static func over(_ incident: IncidentRecord, at now: Date) -> Self {
        var words = incident.condition
        let (agent, database) = (words.agent ?? "", words.database ?? "")
        words.title =
            switch words.kind {
            case IncidentKind.failed: "Backup of \(database) on \(agent) works again"
            case IncidentKind.overdue: "Backup of \(database) on \(agent) is no longer overdue"
            case IncidentKind.offline: "Agent \(agent) is back"
            default: "Over: \(words.title)"
            }
        let lasted = SpanText.of(now.timeIntervalSince(incident.openedAt))
        words.detail =
            "it lasted \(lasted), from \(Timestamp.seconds(incident.openedAt)) to \(Timestamp.seconds(now)). It was: "
            + "\(incident.condition.title): \(incident.condition.detail.prefix(1000))"
        return words
    }
}
