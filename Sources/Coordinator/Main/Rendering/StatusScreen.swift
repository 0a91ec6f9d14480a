import Domain
import Foundation
import Wire

/// The status of a fleet in the lines that one screen has: the verdict stays, alerts, databases and agents that need a person come
/// next, each as far as there is room, and everything else is a number.
struct StatusScreen {
    let status: StatusView
    let rows: Int

    /// `head` is the verdict and what belongs to it.
    func lines(head: [String], _ look: Look) -> [String] {
        // The last line counts what is well.
        var room = max(6, rows - head.count - 1)
        let agents = status.sortedAgents.filter { $0.state != .online }
        let databases = status.sortedDatabases.filter { !$0.isWell }
        // A blank line and a heading go before each table.
        let ofAgents = agents.isEmpty ? 0 : min(agents.count + 2, max(4, room / 5))
        room -= ofAgents
        let wanted = databases.isEmpty ? 0 : databases.count + 2
        let alerts = IncidentRendering.blocks(status, look)
        let ofDatabases = min(wanted, max(room / 2, room - 1 - alerts.count))
        let told = fit(alerts, into: room - ofDatabases, look)
        return head + told
            + table(databases, into: room - told.count, look, more: "that need a look: `holdfast status --all`") {
                DatabaseRendering.table($0, in: status).lines(look)
            }
            + table(agents, into: ofAgents, look, more: "that are not online: `holdfast agent list`") {
                AgentRendering.table($0, now: status.coordinator.now).lines(look)
            } + [look.tinted(rest, .faint)]
    }

    private var rest: String {
        let well = status.databases.count { $0.isWell }
        let online = status.agents.count { $0.state == .online }
        return
            "… and \(CountText.of(well, "database")) well, \(CountText.of(online, "agent")) online: `holdfast status --all`"
    }

    /// Every alert with its first words where that fits, else with its title alone, else as many as fit and the number of the rest.
    private func fit(_ alerts: [[String]], into room: Int, _ look: Look) -> [String] {
        guard !alerts.isEmpty, room > 1 else { return [] }
        let whole = alerts.flatMap { $0.prefix(2) }
        let unlisted = max(0, status.totals.openIncidents - status.incidents.count)
        if whole.count < room, unlisted == 0 { return [""] + whole }
        let titles = alerts.compactMap(\.first)
        if titles.count < room, unlisted == 0 {
            // The worst have their words.
            let worded = room - 1 - titles.count
            return [""] + alerts.enumerated().flatMap { $1.prefix($0 < worded ? 2 : 1) }.prefix(room - 1)
        }
        let shown = titles.prefix(room - 2)
        return [""] + shown
            + [look.tinted("… and \(titles.count - shown.count + unlisted) more: `holdfast alert list`", .bad)]
    }

    private func table<Row>(
        _ items: [Row], into room: Int, _ look: Look, more: String, _ lines: ([Row]) -> [String]
    ) -> [String] {
        guard !items.isEmpty, room > 2 else { return [] }
        if items.count + 2 <= room { return [""] + lines(items) }
        let shown = Array(items.prefix(room - 3))
        return [""] + (shown.isEmpty ? [] : lines(shown))
            + [look.tinted("… and \(items.count - shown.count) more \(more)", .bad)]
    }
}
