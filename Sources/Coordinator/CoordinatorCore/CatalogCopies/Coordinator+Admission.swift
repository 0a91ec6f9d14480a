import Catalog
package import Domain
import Foundation
import Logging
import Sealing
package import Wire

// Hosts whose certificates are ours and of which the catalog has no key: they were enrolled after the copy that it was made from, or
// it was made from manifests. Who they are is proven; whether they still belong here, an operator says.
extension Coordinator {
    /// A row without a key, made from manifests, has this in its place.
    static let noKey = String(repeating: "0", count: 64)

    /// Refuses such a host, and remembers it. `name` is what it calls itself.
    func refuseStranger(
        _ id: UUID, _ certificate: Certificate, name: String?, remote: String
    ) async throws(BackupError) -> BackupError {
        // One that looks like an id could be taken for another host's.
        let name = name.flatMap { $0.wholeMatch(of: Self.agentName) == nil || UUID(uuidString: $0) != nil ? nil : $0 }
        let isNew = strangers.note(
            .init(certificate: certificate, name: name, remote: remote, at: world.now()), id: id)
        if isNew { try await meetStranger(id) }
        return BackupError(
            .forbidden,
            "this coordinator has forgotten the host: an operator admits it again with `holdfast agent admit`; backups go on meanwhile"
        )
    }

    /// Admits hosts that wait, or turns them away, by name or id; all of them for an empty list. Those that cannot be admitted are in the
    /// answer with their `refusal`, and keep none of the others out. Throws `.notFound` for one that does not wait, `.usage` for a name
    /// that two of them say and for turning all away at once.
    package func admit(
        _ request: AdmitRequest, by operator: OperatorIdentity
    ) async throws(BackupError) -> [StrangerView] {
        try `operator`.require(.admin, "admitting hosts")
        let isRefusing = request.refuse ?? false
        let waiting = try await strangers()
        var chosen = waiting
        if request.agents.isEmpty, isRefusing { throw BackupError(.usage, "name the hosts that are turned away") }
        if !request.agents.isEmpty {
            chosen = []
            for wanted in request.agents {
                guard waiting.count(where: { $0.name == wanted }) < 2 else {
                    throw BackupError(
                        .usage,
                        "more than one host calls itself \(wanted): name the id of the right one (`holdfast catalog show`)"
                    )
                }
                let id = UUID(uuidString: wanted)
                guard let one = waiting.first(where: { id == nil ? $0.name == wanted : $0.id == id }) else {
                    throw BackupError(
                        .notFound, "no host called \(wanted) waits to be admitted; `holdfast catalog show` lists them")
                }
                chosen.append(one)
            }
        }
        let (now, all, fleet) = (world.now(), strangers.all, fleet)
        let wanted = chosen
        let answer = try await catalog.write { update -> [StrangerView] in
            let answer = try wanted.map { view in
                var view = view
                guard let stranger = all[view.id] else { return view }
                if request.agents.isEmpty, let name = view.name, wanted.count(where: { $0.name == name }) > 1 {
                    view.refusal = "more than one host calls itself \(name): name the id of the right one"
                    return view
                }
                do {
                    try update.separately {
                        try isRefusing
                            ? Self.turnAway(view, stranger, update, at: now)
                            : Self.admit(view, stranger, update, at: now)
                        try update.audit(
                            `operator`.tokenId, isRefusing ? "agent admit --refuse" : "agent admit", view.name ?? "",
                            detail: "\(view.id.uuidString.lowercased()), key \(view.key)", at: now)
                    }
                } catch let error as BackupError where error.code == .usage || error.code == .exists {
                    view.refusal = error.message
                }
                return view
            }
            try CatalogMark.advance(update)
            let admitted = answer.filter { $0.refusal == nil && !isRefusing }.map(\.id)
            _ = try Self.replan(update, fleet, agents: Set(admitted), at: now)
            return answer
        }
        for view in answer where view.refusal == nil { strangers.forget(view.id) }
        try await tellWhatIsLacking()
        copySoon()
        return answer
    }

    /// From now on it is one that was revoked. A name that is free stays free for the host that will have it.
    private static func turnAway(
        _ view: StrangerView, _ stranger: Strangers.Stranger, _ update: CatalogUpdate, at now: Date
    ) throws {
        if let agent = try update.agent(view.id), agent.keyFingerprint != noKey {
            throw BackupError(
                .usage, "it has been let in meanwhile, as \(agent.name): `holdfast agent revoke` ends that")
        }
        if try update.agent(view.id) == nil {
            let certificate = stranger.certificate
            try update.add(
                AgentRecord(
                    id: view.id, name: "turned-away-\(view.id.uuidString.lowercased())", labels: [:],
                    keyFingerprint: certificate.keyFingerprint, certificateFingerprint: certificate.fingerprint,
                    certificateNotAfter: certificate.notAfter, joinToken: "refused", enrolledAt: now))
        }
        try update.revoke(agent: view.id, at: now)
    }

    private static func admit(
        _ view: StrangerView, _ stranger: Strangers.Stranger, _ update: CatalogUpdate, at now: Date
    ) throws {
        let certificate = stranger.certificate
        let key = Data(certificate.spki).base64EncodedString()
        if var agent = try update.agent(view.id) {
            guard agent.revokedAt == nil else { throw BackupError(.usage, "\(agent.name) was revoked meanwhile") }
            guard agent.keyFingerprint == noKey else { return }
            (agent.keyFingerprint, agent.publicKey) = (certificate.keyFingerprint, key)
            (agent.certificateFingerprint, agent.certificateNotAfter) = (certificate.fingerprint, certificate.notAfter)
            return try update.takeOver(agent)
        }
        guard let name = view.name else {
            throw BackupError(
                .usage, "host \(view.id.uuidString.lowercased()) does not say its name: upgrade it, or let it join anew"
            )
        }
        if let other = try update.agent(named: name) ?? update.agent(spelledLike: name) {
            throw BackupError(
                .exists,
                "another agent is called \(other.name): let the host \(view.id.uuidString.lowercased()) join anew under another name"
            )
        }
        var agent = AgentRecord(
            id: view.id, name: name, labels: [:], keyFingerprint: certificate.keyFingerprint,
            certificateFingerprint: certificate.fingerprint, certificateNotAfter: certificate.notAfter,
            joinToken: "admitted", enrolledAt: now)
        agent.publicKey = key
        try update.add(agent)
    }

    /// Those that wait, by name.
    func strangers() async throws(BackupError) -> [StrangerView] {
        var all = strangers.all
        let ids = Set(all.keys)
        let rows = try await catalog.read { view in
            try ids.reduce(into: [UUID: AgentRecord]()) { rows, id in rows[id] = try view.agent(id) }
        }
        // Those that joined anew, or were revoked, wait no longer.
        for (id, row) in rows where row.keyFingerprint != Self.noKey || row.revokedAt != nil {
            strangers.forget(id)
            all[id] = nil
        }
        let names = rows.mapValues(\.name)
        return all.map { id, stranger in
            StrangerView(
                id: id, name: names[id] ?? stranger.name, lastSeenAt: stranger.at, remote: stranger.remote,
                key: stranger.certificate.keyFingerprint)
        }.sorted { ($0.name ?? "~", $0.id.uuidString) < ($1.name ?? "~", $1.id.uuidString) }
    }

    /// How the catalog itself stands.
    package func catalogState(by operator: OperatorIdentity) async throws(BackupError) -> CatalogStateView {
        try `operator`.require(.viewer, "looking at the catalog")
        let places = catalogPlaces()
        let waiting = try await strangers()
        let rebuild = rebuilding.view
        return try await catalog.read { view in
            let (mark, gap) = (try CatalogMark.read(view), try CatalogGap.read(view))
            let records = try CatalogCopyRecord.read(view)
            return CatalogStateView(
                epoch: mark.epoch, head: mark.head, behind: gap?.reason, behindSince: gap?.since,
                copies: places.map { Self.view($0.name, records[$0.name]) }, strangers: waiting, rebuild: rebuild)
        }
    }
}
