import Domain
import Foundation
import Wire

/// States as words with their colours: capitals for what needs a person.
extension Table.Cell {
    init(_ state: DatabaseState) {
        switch state {
        case .ok: self.init("ok", .good)
        case .waiting: self.init("waiting", .faint)
        case .failing: self.init("FAILING", .bad)
        case .overdue: self.init("OVERDUE", .bad)
        case .unprotected: self.init("UNPROTECTED", .warning)
        case .gone: self.init("GONE", .bad)
        }
    }

    init(_ state: AgentState) {
        switch state {
        case .online: self.init("online", .good)
        case .offline: self.init("OFFLINE", .bad)
        case .new: self.init("new", .warning)
        case .revoked: self.init("revoked", .faint)
        }
    }

    init(_ state: BackupState) {
        switch state {
        case .good: self.init("good", .good)
        case .partial: self.init("PARTIAL", .warning)
        case .damaged: self.init("DAMAGED", .bad)
        case .missing: self.init("MISSING", .bad)
        case .deleting, .deleted: self.init(state.rawValue, .faint)
        }
    }

    init(_ state: RunState) {
        switch state {
        case .succeeded: self.init("succeeded", .good)
        case .failed, .lost, .missed: self.init(state.rawValue.uppercased(), .bad)
        case .running: self.init("running")
        case .unknown, .cancelled, .skipped: self.init(state.rawValue, .warning)
        }
    }

    init(_ state: OperationState) {
        switch state {
        case .succeeded: self.init("succeeded", .good)
        case .failed, .expired: self.init(state.rawValue.uppercased(), .bad)
        case .cancelled: self.init(state.rawValue, .warning)
        case .pending, .running: self.init(state.rawValue)
        }
    }

    /// `L2 sound`; `-` when nothing is proven.
    init(proof: Int?) {
        guard let proof else {
            self.init("-", .faint)
            return
        }
        self.init(ProofLevel(rawValue: proof).map { "\($0.label) \($0)" } ?? "L\(proof)")
    }

    /// The first eight digits: enough to type.
    init(id: UUID) { self.init(ShortID.text(id)) }

    init(labels: [String: String]) {
        self.init(labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ","))
    }
}

/// An id as tables show it, and as commands take it.
enum ShortID {
    static func text(_ id: UUID) -> String { String(full(id).prefix(8)) }
    static func full(_ id: UUID) -> String { id.uuidString.lowercased() }
}

extension DatabaseState {
    /// Whether a person should look.
    var isProblem: Bool {
        switch self {
        case .overdue, .failing, .unprotected, .gone: true
        case .ok, .waiting: false
        }
    }

    /// The worst first.
    var rank: Int {
        switch self {
        case .overdue: 0
        case .failing: 1
        case .gone: 2
        case .unprotected: 3
        case .waiting: 4
        case .ok: 5
        }
    }
}
