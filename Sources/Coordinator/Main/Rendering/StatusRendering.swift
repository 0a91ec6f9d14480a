import Domain
import Foundation
import Wire

/// `holdfast status`: the verdict, what is wrong, then databases and agents, those that need a person first.
struct StatusRendering {
    let status: StatusView
    /// More databases or agents that are well than these are only counted.
    var wellAtMost = 30
    /// So many lines are there for all of it; nil for as many as it takes. What needs a person comes first, the rest is counted.
    var rows: Int?

    private var now: Date { status.coordinator.now }

    func lines(_ look: Look) -> [String] {
        let whole = whole(look)
        guard let rows, whole.count > rows else { return whole }
        return StatusScreen(status: status, rows: rows).lines(head: head(look), look)
    }

    private func head(_ look: Look) -> [String] { [StatusVerdict(status).head(status.totals, look)] + hints }

    private func whole(_ look: Look) -> [String] {
        var lines = head(look)
        let incidents = IncidentRendering.open(status, look)
        if !incidents.isEmpty { lines += [""] + incidents }
        let databases = databaseLines(look)
        if !databases.isEmpty { lines += [""] + databases }
        let agents = agentLines(look)
        if !agents.isEmpty { lines += [""] + agents }
        return lines
    }

    private var hints: [String] {
        if status.totals.agents == 0 {
            let kept =
                status.totals.backups == 0
                ? [] : ["What was backed up is still there: `holdfast backup list` shows it."]
            return [""] + kept + [
                "To join a host: `holdfast token create`, then on the host `holdfast-agent join` with what it prints."
            ]
        }
        if status.totals.databases == 0 {
            return ["", "Declare databases in agent.yaml on the hosts; `holdfast-agent doctor` says what it finds."]
        }
        return []
    }

    private func databaseLines(_ look: Look) -> [String] {
        let (shown, left) = fold(status.sortedDatabases) { $0.isWell }
        guard !shown.isEmpty else { return [] }
        return DatabaseRendering.table(shown, in: status).lines(look)
            + (left > 0 ? [look.tinted("… and \(left) more that are well: `holdfast database list`", .faint)] : [])
    }

    private func agentLines(_ look: Look) -> [String] {
        let (shown, left) = fold(status.sortedAgents) { $0.state == .online }
        guard !shown.isEmpty else { return [] }
        return AgentRendering.table(shown, now: now).lines(look)
            + (left > 0 ? [look.tinted("… and \(left) more that are online: `holdfast agent list`", .faint)] : [])
    }

    /// All that need a person, and the first of the others.
    private func fold<Row>(_ rows: [Row], isWell: (Row) -> Bool) -> (shown: [Row], left: Int) {
        let others = rows.filter { !isWell($0) }
        let well = rows.filter(isWell)
        return (others + well.prefix(wellAtMost), max(0, well.count - wellAtMost))
    }
}

extension StatusView {
    /// Those that need a person first.
    var sortedDatabases: [DatabaseView] {
        databases.sorted {
            ($0.isWell ? 1 : 0, $0.state.rank, $0.agent, $0.name) < (
                $1.isWell ? 1 : 0, $1.state.rank, $1.agent, $1.name
            )
        }
    }

    /// The same, without those that are gone for good.
    var sortedAgents: [AgentView] {
        agents.filter { $0.state != .revoked }
            .sorted { (AgentRendering.rank($0), $0.name) < (AgentRendering.rank($1), $1.name) }
    }
}

extension DatabaseView {
    /// Nothing is to be done, and there is a good backup.
    var isWell: Bool { state == .ok && problem == nil && rpoMet != false }
}
