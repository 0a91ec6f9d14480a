import Domain
import Foundation
import Wire

/// What is going on, in a few words.
enum ProgressText {
    /// `dumping 1.2 GB (400 MB stored)`.
    static func of(_ run: RunView) -> String {
        if run.state.isTerminal { return run.state.rawValue }
        var text = run.state == .unknown ? "not heard of for a while" : run.phase ?? "waiting for the agent"
        if let bytes = run.plainBytes, bytes > 0 {
            text += " \(Quantity.size(bytes))"
            if let stored = run.storedBytes, stored > 0 { text += " (\(Quantity.size(stored)) stored)" }
        }
        return text
    }

    /// `reading 1.2 GB of 3.0 GB (40 %)`.
    static func of(_ operation: OperationView) -> String {
        switch operation.state {
        case .pending: return "waiting for agent \(operation.agent ?? "")"
        case .succeeded, .failed, .expired, .cancelled: return operation.state.rawValue
        case .running: break
        }
        var text = operation.phase ?? operation.kind
        guard operation.bytes > 0 else { return text }
        text += " \(Quantity.size(operation.bytes))"
        if let total = operation.totalBytes, total > 0 {
            text += " of \(Quantity.size(total)) (\(min(100, operation.bytes * 100 / total)) %)"
        }
        return text
    }

    /// The whole progress line of several runs: how many are done, and what the first that is not done does.
    static func line(_ runs: [RunView], elapsed: Double, rate: String) -> String {
        let done = runs.count { $0.state.isTerminal }
        var parts: [String] = []
        if runs.count > 1 { parts.append("\(done) of \(runs.count) done") }
        if let active = runs.first(where: { !$0.state.isTerminal && $0.phase != nil })
            ?? runs.first(where: { !$0.state.isTerminal })
        {
            parts.append("\(active.database): \(of(active))")
        }
        if !rate.isEmpty { parts.append(rate) }
        parts.append(Quantity.clock(elapsed))
        return parts.joined(separator: " · ")
    }
}
