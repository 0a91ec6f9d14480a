import Domain
import Foundation
import Wire

/// One database of the status page.
struct DatabaseRow {
    let tone: String
    let state: String
    let name: String
    let agent: String
    let kind: String
    let lastGood: String
    let lastGoodAt: String
    let next: String
    let nextAt: String
    let proof: String
    let proofMeaning: String
    let note: String?

    init(_ view: DatabaseView, now: Date) {
        (tone, state) =
            switch view.state {
            case .overdue: ("bad", "overdue")
            case .failing: ("warn", "failing")
            case .unprotected: ("warn", "unprotected")
            case .gone: ("bad", "gone")
            case .waiting: ("idle", "waiting")
            case .ok: ("good", "ok")
            }
        name = view.name.rawValue
        agent = view.agent
        kind = [view.kind.rawValue, view.sizeBytes.map(Wording.bytes)].compactMap(\.self).joined(separator: ", ")
        lastGood = view.lastGoodAt.map { Wording.distance($0, from: now) } ?? "never"
        lastGoodAt = view.lastGoodAt.map(Wording.moment) ?? "no good backup yet"
        next = view.nextAt.map { Wording.distance($0, from: now) } ?? "not planned"
        nextAt = view.nextAt.map(Wording.moment) ?? "no schedule covers it"
        let level = view.proof.flatMap(ProofLevel.init(rawValue:))
        proof = level?.label ?? "–"
        proofMeaning = level.map(Self.meaning) ?? "not proven yet"
        // An error of long ago, of a database that is well, is no news.
        note = view.problem ?? (view.state == .ok ? nil : view.lastError)
    }

    static func urgency(_ view: DatabaseView) -> Int {
        switch view.state {
        case .overdue: 0
        case .failing: 1
        case .gone: 2
        case .unprotected: 3
        case .waiting: 4
        case .ok: view.problem == nil ? 6 : 5
        }
    }

    private static func meaning(_ level: ProofLevel) -> String {
        switch level {
        case .stored: "stored"
        case .reread: "re-read"
        case .sound: "sound"
        case .restored: "restored"
        case .identical: "identical"
        case .recovered: "recovered"
        }
    }
}
