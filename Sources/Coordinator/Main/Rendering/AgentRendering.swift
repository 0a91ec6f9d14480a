import Domain
import Foundation
import Wire

/// Agents as rows.
enum AgentRendering {
    static var table: Table {
        Table([
            .init(title: "STATE"), .init(title: "AGENT", shrinks: true), .init(title: "LAST SEEN"),
            .init(title: "VERSION", dispensable: 1), .init(title: "DATABASES", isNumber: true),
            .init(title: "LABELS", shrinks: true, dispensable: 2),
            .init(title: "NOTE", shrinks: true),
        ])
    }

    static func table(_ agents: [AgentView], now: Date) -> Table {
        var table = table
        for agent in agents { table.add(row(agent, now: now)) }
        return table
    }

    static func row(_ agent: AgentView, now: Date) -> [Table.Cell] {
        [
            .init(agent.state), .init(agent.name), .init(Quantity.age(agent.lastSeenAt, now: now)),
            .init(agent.version ?? ""), .init("\(agent.databases.count)"), .init(labels: agent.labels),
            .init(note(agent, now: now)),
        ]
    }

    static func lines(_ agents: [AgentView], now: Date, _ look: Look) -> [String] {
        guard !agents.isEmpty else { return ["no agents: `holdfast token create` prints what a host needs to join"] }
        var table = Self.table
        for agent in agents { table.add(row(agent, now: now)) }
        return table.lines(look)
    }

    static func detail(_ agent: AgentView, now: Date, _ look: Look) -> [String] {
        let facts = Facts.lines(
            [
                ("agent", .init(agent.name)), ("id", .init(ShortID.full(agent.id))), ("state", .init(agent.state)),
                ("last seen", .init(Quantity.age(agent.lastSeenAt, now: now))), ("version", .init(agent.version ?? "")),
                ("labels", .init(labels: agent.labels)),
                ("clock", .init(agent.clockSkewMilliseconds.map { "\($0) ms off the coordinator's" } ?? "")),
                ("reports waiting", .init(agent.spoolDepth.map { "\($0)" } ?? "")),
                ("certificate until", .init(Quantity.time(agent.certificateNotAfter))),
                ("databases", .init(agent.databases.joined(separator: ", "))),
                ("note", .init(note(agent, now: now), .warning)),
            ], look)
        return facts + agent.running.map { "running: " + SafeText("\($0.database) · \(ProgressText.of($0))").text }
    }

    /// The worst first.
    static func rank(_ agent: AgentView) -> Int {
        switch agent.state {
        case .offline: 0
        case .new: 1
        case .online: 2
        case .revoked: 3
        }
    }

    private static let noticeableSkew: Int64 = 60_000
    private static let certificateWarning = 15 * 86400.0

    private static func note(_ agent: AgentView, now: Date) -> String {
        var notes: [String] = []
        if let skew = agent.clockSkewMilliseconds, abs(skew) >= noticeableSkew {
            notes.append("its clock is \(Quantity.span(Double(abs(skew)) / 1000)) \(skew > 0 ? "ahead" : "behind")")
        }
        if let end = agent.certificateNotAfter, agent.state != .revoked,
            end.timeIntervalSince(now) < certificateWarning
        {
            notes.append("certificate ends \(Quantity.age(end, now: now))")
        }
        if let depth = agent.spoolDepth, depth > 0 { notes.append("\(CountText.of(depth, "report")) waiting") }
        return notes.joined(separator: "; ")
    }
}
