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
        var speed = Speed()
        return try await follow(
            started, isOver: \.state.isTerminal, refresh: { try await client.run($0.id) },
            describe: { runs, elapsed in
                let bytes = runs.reduce(0) { $0 + ($1.plainBytes ?? 0) }
                let rate = speed.rate(bytes, at: elapsed)
                let stage = runs.map { "\($0.state) \($0.phase ?? "")" }.joined(separator: "|")
                return (ProgressText.line(runs, elapsed: elapsed, rate: rate), stage)
            })
    }

    /// Until every operation has ended.
    func operations(_ started: [OperationView]) async throws -> [OperationView] {
        var speed = Speed()
        return try await follow(
            started, isOver: \.state.isOver, refresh: { try await client.operation($0.id) },
            describe: { operations, elapsed in
                let rate = speed.rate(operations.reduce(0) { $0 + $1.bytes }, at: elapsed)
                let done = operations.count(where: \.state.isOver)
                let active = operations.first { $0.state == .running } ?? operations.first { !$0.state.isOver }
                let parts = [
                    operations.count > 1 ? "\(done) of \(operations.count) done" : "",
                    active.map { ProgressText.of($0) } ?? "",
                    rate, Quantity.clock(elapsed),
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

/// Bytes a second over the last few readings.
struct Speed {
    private var readings: [(bytes: Int64, at: Double)] = []

    mutating func rate(_ bytes: Int64, at time: Double) -> String {
        // Fewer bytes than before: a run ended or was tried again.
        if let last = readings.last, bytes < last.bytes { readings = [] }
        readings.append((bytes, time))
        if readings.count > 5 { readings.removeFirst() }
        guard let first = readings.first else { return "" }
        return Quantity.rate(bytes - first.bytes, over: time - first.at)
    }
}
