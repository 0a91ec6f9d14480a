import Domain
import Foundation
import Wire

/// Databases as rows.
enum DatabaseRendering {
    static var table: Table {
        Table([
            .init(title: "STATE"), .init(title: "DATABASE", shrinks: true), .init(title: "AGENT", shrinks: true),
            .init(title: "LAST GOOD"), .init(title: "PROOF", dispensable: 2), .init(title: "NEXT", dispensable: 1),
            .init(title: "SIZE", isNumber: true, dispensable: 3), .init(title: "NOTE", shrinks: true),
        ])
    }

    /// Of a status: with the runs that are at work.
    static func table(_ databases: [DatabaseView], in status: StatusView) -> Table {
        let running = status.agents.flatMap(\.running).filter { !$0.state.isTerminal }
        var table = table
        for database in databases {
            let run = running.first { $0.agent == database.agent && $0.database == database.name }
            table.add(row(database, run: run, now: status.coordinator.now))
        }
        return table
    }

    static func row(_ database: DatabaseView, run: RunView? = nil, now: Date) -> [Table.Cell] {
        [
            .init(database.state), .init(database.name.rawValue), .init(database.agent),
            .init(
                Quantity.age(database.lastGoodAt, now: now),
                database.lastGoodAt == nil ? .warning : database.rpoMet == false ? .bad : nil),
            .init(proof: database.proof),
            .init(database.nextAt.map { Quantity.age($0, now: now) } ?? "-"),
            .init(Quantity.size(database.sizeBytes)),
            .init(note(database, run)),
        ]
    }

    static func lines(_ databases: [DatabaseView], now: Date, _ look: Look) -> [String] {
        guard !databases.isEmpty else { return ["no databases: declare them in agent.yaml on their hosts"] }
        var table = Self.table
        for database in databases { table.add(row(database, now: now)) }
        return table.lines(look)
    }

    /// One database with all that is known of it.
    static func detail(_ database: DatabaseView, now: Date, _ look: Look) -> [String] {
        Facts.lines(
            [
                ("database", .init(database.name.rawValue)), ("agent", .init(database.agent)),
                ("kind", .init(database.kind.rawValue)), ("state", .init(database.state)),
                ("last good", .init(moment(database.lastGoodAt, now))),
                ("last good backup", .init(database.lastGoodBackup.map(ShortID.full) ?? "none")),
                ("proof", .init(proof: database.proof)), ("next", .init(moment(database.nextAt, now))),
                ("recovery point", .init(objective(database), database.rpoMet == false ? .bad : nil)),
                ("policies", .init(database.policies.joined(separator: ", "))),
                ("labels", .init(labels: database.labels)), ("size", .init(Quantity.size(database.sizeBytes))),
                ("server", .init(database.serverVersion ?? "")), ("problem", .init(database.problem ?? "", .bad)),
                ("last error", .init(database.lastError ?? "", .bad)),
            ], look)
    }

    private static func note(_ database: DatabaseView, _ run: RunView?) -> String {
        if let run { return "now: " + ProgressText.of(run) }
        if let problem = database.problem { return problem }
        switch database.state {
        case .unprotected where database.retiredAt != nil, .gone where database.retiredAt != nil:
            return "retired: its backups stay until retention or you delete them"
        case .unprotected: return "no policy selects it"
        case .gone: return "its agent no longer declares it"
        case .ok: return database.rpoMet == false ? "older than its recovery point objective" : ""
        case .waiting, .overdue, .failing: return database.lastError ?? ""
        }
    }

    private static func objective(_ database: DatabaseView) -> String {
        guard let seconds = database.rpoSeconds else { return "none" }
        let met = database.rpoMet.map { $0 ? ", met" : ", MISSED" } ?? ""
        return Quantity.span(Double(seconds)) + met
    }

    private static func moment(_ time: Date?, _ now: Date) -> String {
        time.map { "\(Quantity.time($0)) (\(Quantity.age($0, now: now)))" } ?? "never"
    }
}
