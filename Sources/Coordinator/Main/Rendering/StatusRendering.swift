import Domain
import Foundation
import Wire

/// `holdfast status`: the verdict, what is wrong, then databases and agents, those that need a person first.
struct StatusRendering {
    let status: StatusView
    /// More databases or agents that are well than these are only counted.
    var wellAtMost = 30

    private var now: Date { status.coordinator.now }

    func lines(_ look: Look) -> [String] {
        let verdict = StatusVerdict(status)
        var lines = [look.tinted(verdict.line, verdict.tint) + "   " + StatusVerdict.sums(status.totals)]
        lines += hints
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
        let sorted = status.databases.sorted {
            ($0.state.rank, $0.agent, $0.name) < ($1.state.rank, $1.agent, $1.name)
        }
        let (shown, left) = fold(sorted) { !$0.state.isProblem && $0.problem == nil }
        let running = status.agents.flatMap(\.running).filter { !$0.state.isTerminal }
        var table = DatabaseRendering.table
        for database in shown {
            let run = running.first { $0.agent == database.agent && $0.database == database.name }
            table.add(DatabaseRendering.row(database, run: run, now: now))
        }
        guard !shown.isEmpty else { return [] }
        return table.lines(look)
            + (left > 0 ? [look.tinted("… and \(left) more that are well: `holdfast database list`", .faint)] : [])
    }

    private func agentLines(_ look: Look) -> [String] {
        let sorted = status.agents.filter { $0.state != .revoked }
            .sorted { (AgentRendering.rank($0), $0.name) < (AgentRendering.rank($1), $1.name) }
        let (shown, left) = fold(sorted) { $0.state == .online }
        guard !shown.isEmpty else { return [] }
        var table = AgentRendering.table
        for agent in shown { table.add(AgentRendering.row(agent, now: now)) }
        return table.lines(look)
            + (left > 0 ? [look.tinted("… and \(left) more that are online: `holdfast agent list`", .faint)] : [])
    }

    /// All that need a person, and the first of the others.
    private func fold<Row>(_ rows: [Row], isWell: (Row) -> Bool) -> (shown: [Row], left: Int) {
        let others = rows.filter { !isWell($0) }
        let well = rows.filter(isWell)
        return (others + well.prefix(wellAtMost), max(0, well.count - wellAtMost))
    }
}
