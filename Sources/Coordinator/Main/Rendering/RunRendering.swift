import Domain
import Foundation
import Wire

/// How runs and operations ended.
enum RunRendering {
    /// One row a run.
    static func lines(_ runs: [RunView], _ look: Look) -> [String] {
        guard !runs.isEmpty else { return [] }
        var table = Table([
            .init(title: "STATE"), .init(title: "DATABASE", shrinks: true), .init(title: "AGENT", shrinks: true),
            .init(title: "BACKUP"), .init(title: "SIZE", isNumber: true),
            .init(title: "STORED", isNumber: true, dispensable: 2),
            .init(title: "TOOK", isNumber: true), .init(title: "RUN", dispensable: 3),
            .init(title: "WHERE", shrinks: true, dispensable: 1),
        ])
        for run in runs {
            table.add([
                .init(run.state), .init(run.database.rawValue), .init(run.agent),
                .init(run.backup.map(ShortID.text) ?? ""), .init(Quantity.size(run.plainBytes)),
                .init(Quantity.size(run.storedBytes)), .init(took(run)), .init(id: run.id),
                .init(run.destinations.filter(\.isComplete).map(\.destination).joined(separator: ",")),
            ])
        }
        return table.lines(look)
    }

    /// In full words, what did not go well: these are not cut.
    static func failures(_ runs: [RunView]) -> [String] {
        runs.flatMap { run -> [String] in
            let name = "\(run.database) on \(run.agent)"
            var words: [String] = []
            if run.state.isTerminal, run.state != .succeeded {
                words.append(
                    "\(name) \(run.state.rawValue): \(run.failure?.message ?? run.reason ?? "no reason was given")")
            }
            if run.state == .succeeded, let reason = run.reason { words.append("\(name): \(reason)") }
            words += run.destinations.filter { !$0.isComplete }.map {
                "\(name) is not complete at \($0.destination): \($0.error ?? "no reason was given")"
            }
            return words.map { SafeText($0).text }
        }
    }

    private static func took(_ run: RunView) -> String {
        guard run.startedAt != nil else { return "" }
        return run.tookSeconds.map(Quantity.clock) ?? ""
    }

    /// One row an operation.
    static func lines(_ operations: [OperationView], _ look: Look) -> [String] {
        guard !operations.isEmpty else { return [] }
        var table = Table([
            .init(title: "STATE"), .init(title: "WHAT"), .init(title: "BACKUP"),
            .init(title: "DATABASE", shrinks: true),
            .init(title: "AGENT", shrinks: true), .init(title: "PROOF"),
            .init(title: "READ", isNumber: true, dispensable: 1), .init(title: "TOOK", isNumber: true),
            .init(title: "RESULT", shrinks: true),
        ])
        for operation in operations {
            table.add([
                .init(operation.state), .init(operation.kind), .init(operation.backup.map(ShortID.text) ?? ""),
                .init(operation.database?.rawValue ?? ""), .init(operation.agent ?? ""), .init(proof: operation.proof),
                .init(Quantity.size(operation.bytes)), .init(operation.tookSeconds.map(Quantity.clock) ?? ""),
                .init(operation.failure?.message ?? operation.message ?? ""),
            ])
        }
        return table.lines(look)
    }
}
