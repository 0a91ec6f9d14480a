import Domain
import Wire

/// Whether a person is needed, from all that a status says: what every view of it begins with.
struct StatusVerdict: Sendable, Equatable {
    /// Open incidents that nobody has acknowledged, what is wrong without an incident of its own (yet), and channels that
    /// alerts do not arrive by.
    let problems: Int
    let line: String
    let tint: Tint

    init(_ status: StatusView) {
        let open = status.incidents.filter { $0.resolvedAt == nil }
        let databases = status.databases.filter { database in
            database.state.isProblem
                && !open.contains { $0.agent == database.agent && $0.database == database.name.rawValue }
        }
        let agents = status.agents.filter { agent in
            agent.state == .offline && !open.contains { $0.agent == agent.name && $0.database == nil }
        }
        let known = open.count { $0.acknowledgedAt != nil }
        problems =
            open.count - known + databases.count + agents.count + (status.coordinator.failingChannels ?? []).count
        let totals = status.totals
        let waiting = status.databases.count { $0.state == .waiting }
        if problems > 0 {
            line = "\(problems) PROBLEM\(problems == 1 ? "" : "S")" + (known > 0 ? ", \(known) KNOWN" : "")
            tint = .bad
        } else if known > 0 {
            line = "\(known) KNOWN PROBLEM\(known == 1 ? "" : "S")"
            tint = .warning
        } else if totals.agents == 0, !status.agents.isEmpty {
            line = "NO AGENT IS LEFT, ALL WERE REVOKED"
            tint = .warning
        } else if totals.agents == 0 {
            line = "NOTHING IS BACKED UP YET"
            tint = .warning
        } else if totals.databases == 0 {
            line = "NO DATABASE IS DECLARED YET"
            tint = .warning
        } else if waiting > 0 {
            line = "\(waiting) WAITING FOR A FIRST BACKUP"
            tint = .warning
        } else {
            // What the coordinator finds about itself is worth a look; the backups are well.
            let warnings = status.coordinator.findings.count
            line = "ALL GOOD" + (warnings > 0 ? ", \(warnings) WARNING\(warnings == 1 ? "" : "S")" : "")
            tint = warnings > 0 ? .warning : .good
        }
    }

    /// The first line: the verdict, and beside it the sums that there is room for.
    func head(_ totals: TotalsView, _ look: Look) -> String {
        var sums = Self.sums(totals)
        let room = (look.width ?? .max) - line.count - 3
        while sums.count > 1, sums.joined(separator: Self.dot).count > room { sums.removeLast() }
        return look.tinted(line, tint) + "   " + sums.joined(separator: Self.dot)
    }

    private static let dot = " · "

    private static func sums(_ totals: TotalsView) -> [String] {
        [
            "\(totals.databasesHealthy) of \(CountText.of(totals.databases, "database")) well",
            "\(totals.agentsOnline) of \(CountText.of(totals.agents, "agent")) online",
            "\(CountText.of(totals.backups, "good backup")), \(Quantity.size(totals.storedBytes))",
        ]
    }
}
