import Catalog

/// What is overdue of one database, beside what was told of it.
struct OverdueFinding: Sendable {
    let condition: IncidentCondition
    /// The key of the open incident, which says what was told; nil when nothing was.
    let told: String?
    /// More is missing than was told: a monthly backup that did not come must not hide that daily ones do not come either.
    let isMore: Bool

    /// Nil when nothing is overdue, and nothing that was is in the making: a run that only begins ends no incident, and one
    /// that then fails opens none anew. `told` is asked only where it matters.
    /// `offline` says that the host is, when it is.
    init?(
        _ database: DatabaseRecord, _ protection: Protection, offline: String?, told: () throws -> IncidentRecord?
    ) rethrows {
        guard protection.overdue != nil || !protection.inTheMaking.isEmpty else { return nil }
        let incident = try told()
        self.told = incident?.condition.key
        let before = self.told.map(IncidentKey.missing(ofOverdue:)) ?? []
        let missing = protection.overdue?.missing ?? []
        let open = missing.union(before.intersection(protection.inTheMaking))
        guard !open.isEmpty else { return nil }
        isMore = !missing.isSubset(of: before)
        let reason = protection.overdue?.reason ?? "what did not come is in the making"
        condition = .overdue(database, Protection.Overdue(missing: open, reason: reason), offline: offline)
        let saidOffline = incident?.condition.detail.hasPrefix(OfflineWords.beginning) ?? false
        isOutdated = incident != nil && saidOffline != (offline != nil)
    }

    /// What was told of the host is no longer so.
    private let isOutdated: Bool

    /// Whether there is something to write down.
    var isNews: Bool { told != condition.key || isOutdated }
}
