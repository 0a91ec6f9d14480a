import Domain
import Foundation
import Wire

/// One agent of the status page.
struct AgentRow {
    let tone: String
    let state: String
    let name: String
    let lastSeen: String
    let lastSeenAt: String
    let version: String
    let databases: String
    let doing: String

    init(_ view: AgentView, now: Date) {
        (tone, state) =
            switch view.state {
            case .offline: ("bad", "offline")
            case .new: ("idle", "new")
            case .online: ("good", "online")
            case .revoked: ("idle", "revoked")
            }
        name = view.name
        lastSeen = view.lastSeenAt.map { Wording.distance($0, from: now) } ?? "never"
        lastSeenAt = view.lastSeenAt.map(Wording.moment) ?? "it has not checked in yet"
        version = view.version ?? "–"
        databases = String(view.databases.count)
        let running = view.running.map { run in
            [run.database.rawValue, run.phase, run.plainBytes.map(Wording.bytes)].compactMap(\.self).joined(
                separator: " ")
        }
        doing = running.isEmpty ? "–" : running.joined(separator: "; ")
    }

    static func urgency(_ view: AgentView) -> Int {
        switch view.state {
        case .offline: 0
        case .new: 1
        case .online: 2
        case .revoked: 3
        }
    }
}
