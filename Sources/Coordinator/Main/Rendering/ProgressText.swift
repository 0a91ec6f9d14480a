import Domain
import Foundation
import Wire

/// What is going on, in a few words.
enum ProgressText {
    /// `dumping 1.2 GB (400 MB stored)`, or `dumping 1.2 GB of about 3.0 GB (40 %)` where the last backup had that size.
    static func of(_ run: RunView, expected: Int64? = nil) -> String {
        if run.state.isTerminal { return run.state.rawValue }
        var text = run.state == .unknown ? "not heard of for a while" : run.phase ?? "waiting for the agent"
        if let bytes = run.plainBytes, bytes > 0 {
            text += " \(Quantity.size(bytes))"
            if let expected, expected > 0, bytes <= expected {
                text += " of about \(Quantity.size(expected)) (\(Int64(Double(bytes) / Double(expected) * 100)) %)"
            } else if let stored = run.storedBytes, stored > 0 {
                text += " (\(Quantity.size(stored)) stored)"
            }
        }
        return text
    }

    /// `reading 1.2 GB of 3.0 GB (40 %)`.
    static func of(_ operation: OperationView) -> String {
        switch operation.state {
        case .pending: return operation.phase ?? "waiting for agent \(operation.agent ?? "")"
        case .succeeded, .failed, .expired, .cancelled: return operation.state.rawValue
        case .running: break
        }
        var text = operation.phase ?? operation.kind
        guard operation.bytes > 0 else { return text }
        text += " \(Quantity.size(operation.bytes))"
        if let total = operation.totalBytes, total > 0 {
            text += " of \(Quantity.size(total)) (\(min(100, Int64(Double(operation.bytes) / Double(total) * 100))) %)"
        }
        return text
    }

    /// The whole progress line of several runs: how many are done, and what the first that is not done does.
    static func line(
        _ runs: [RunView], elapsed: Double, rate: String, expected: [UUID: Int64] = [:]
    ) -> String {
        let done = runs.count { $0.state.isTerminal }
        var parts: [String] = []
        if runs.count > 1 { parts.append("\(done) of \(runs.count) done") }
        if let active = runs.first(where: { !$0.state.isTerminal && $0.phase != nil && $0.plainBytes != nil })
            ?? runs.first(where: { !$0.state.isTerminal })
        {
            parts.append("\(active.database): \(of(active, expected: expected[active.id]))")
        }
        if !rate.isEmpty { parts.append(rate) }
        parts.append(Quantity.clock(elapsed))
        return parts.joined(separator: " · ")
    }
}
