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
        let least = alerts.reduce(0) { $0 + min(2, $1.count) }
        let unlisted = max(0, status.totals.openIncidents - status.incidents.count)
        if least < room, unlisted == 0 { return [""] + filled(alerts, room - 1 - least, look) }
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

    /// Titles with their first words, and of the worst all words as far as `spare` more lines go.
    private func filled(_ alerts: [[String]], _ spare: Int, _ look: Look) -> [String] {
        var spare = spare
        return alerts.flatMap { block -> [String] in
            let more = min(spare, max(0, block.count - 2))
            spare -= more
            var shown = Array(block.prefix(2 + more))
            if shown.count < block.count, let last = shown.popLast() {
                shown.append(String(last.prefix(max(0, (look.width ?? 4000) - 2))) + " …")
            }
            return shown
        }
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
