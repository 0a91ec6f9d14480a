import CoordinatorClient
import Domain
import Foundation
import Wire

/// Waits for what was asked for to end, and shows how it goes.
struct Follow: Sendable {
    let client: OperatorClient
    let terminal: Terminal

    /// For how long the coordinator may be away in between before the wait is given up, in seconds.
    private static let patience = 300.0

    /// Until every run is in a terminal state.
    func runs(_ started: [RunView]) async throws -> [RunView] {
        var pace = Pace()
        let expected = try await sizes(started)
        return try await follow(
            started, isOver: \.state.isTerminal, refresh: { try await client.run($0.id) },
            describe: { runs, elapsed in
                pace.take(runs.reduce(0) { $0 + ($1.plainBytes ?? 0) }, at: elapsed)
                // Of all of them, or it is not known.
                let sizes = runs.map { $0.state.isTerminal ? $0.plainBytes ?? 0 : expected[$0.id] }
                let total = sizes.contains(nil) ? nil : sizes.compactMap(\.self).reduce(0, +)
                let rate = [pace.rate, pace.left(of: total)].filter { !$0.isEmpty }.joined(separator: " · ")
                let stage = runs.map { "\($0.state) \($0.phase ?? "")" }.joined(separator: "|")
                return (ProgressText.line(runs, elapsed: elapsed, rate: rate, expected: expected), stage)
            })
    }

    /// For so many the last backup is asked for.
    private static let mostSizes = 100

    /// How large the database was when it was last backed up, which says about how far a run is; nothing of those that never were.
    private func sizes(_ runs: [RunView]) async throws -> [UUID: Int64] {
        guard runs.count <= Self.mostSizes else { return [:] }
        var sizes: [UUID: Int64] = [:]
        for run in runs where !run.state.isTerminal {
            do {
                let query = BackupQuery(database: run.database.rawValue, agent: run.agent, state: .good, limit: 1)
                sizes[run.id] = try await client.backups(query).first?.plainBytes
            } catch let error as BackupError where error.code == .unreachable {
                // The wait itself says so, and for how long it goes on.
                return sizes
            }
        }
        return sizes
    }

    /// Until every operation has ended.
    func operations(_ started: [OperationView]) async throws -> [OperationView] {
        var pace = Pace()
        var phases: [String?] = []
        return try await follow(
            started, isOver: \.state.isOver, refresh: { try await client.operation($0.id) },
            describe: { operations, elapsed in
                // What is read and what is loaded go at paces of their own.
                if operations.map(\.phase) != phases { pace = Pace() }
                phases = operations.map(\.phase)
                pace.take(operations.reduce(0) { $0 + $1.bytes }, at: elapsed)
                let sizes = operations.map { $0.state.isOver ? $0.bytes : $0.totalBytes }
                let total = sizes.contains(nil) ? nil : sizes.compactMap(\.self).reduce(0, +)
                let done = operations.count(where: \.state.isOver)
                let active = operations.first { $0.state == .running } ?? operations.first { !$0.state.isOver }
                let parts = [
                    operations.count > 1 ? "\(done) of \(operations.count) done" : "",
                    active.map { ProgressText.of($0) } ?? "",
                    pace.rate, pace.left(of: total), Quantity.clock(elapsed),
                ]
                let stage = operations.map { "\($0.state) \($0.phase ?? "")" }.joined(separator: "|")
                return (parts.filter { !$0.isEmpty }.joined(separator: " · "), stage)
            })
    }

    private func follow<Item: Sendable>(
        _ started: [Item], isOver: (Item) -> Bool, refresh: (Item) async throws -> Item,
        describe: ([Item], _ elapsed: Double) -> (text: String, stage: String)
    ) async throws -> [Item] {
        var items = started
        var line = ProgressLine(terminal)
        let began = Date()
        var lastHeard = began
        defer { line.clear() }
        while items.contains(where: { !isOver($0) }) {
            var pause = Self.pause(after: Date().timeIntervalSince(began), asking: items.count { !isOver($0) })
            do {
                for index in items.indices where !isOver(items[index]) {
                    items[index] = try await refresh(items[index])
                }
                lastHeard = Date()
                // What has ended is told by the caller, in full.
                guard items.contains(where: { !isOver($0) }) else { break }
                let (text, stage) = describe(items, lastHeard.timeIntervalSince(began))
                line.show(text, stage: stage, now: lastHeard)
            } catch let error as BackupError where error.code == .unreachable {
                // The backup goes on without the coordinator; only the sight of it is gone.
                let now = Date()
                guard now.timeIntervalSince(lastHeard) < Self.patience else { throw error }
                line.show("the coordinator does not answer; still waiting", stage: "away", now: now)
                pause = .seconds(max(2, error.retryAfterSeconds ?? 0))
            }
            try await Task.sleep(for: pause)
        }
        return items
    }

    /// How long to wait between two looks: at most a fifth of a second or a hundredth of what it took so far, up to one
    /// second, so that the wait shows in no run's time and a long one burdens nobody. Every look asks once for each item.
    static func pause(after elapsed: Double, asking items: Int) -> Duration {
        .seconds(min(1, max(0.2, elapsed / 100, Double(items) / 50)))
    }
}

extension OperationState {
    var isOver: Bool {
        switch self {
        case .pending, .running: false
        case .succeeded, .failed, .expired, .cancelled: true
        }
    }
}
