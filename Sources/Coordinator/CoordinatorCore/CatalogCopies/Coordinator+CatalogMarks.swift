import Catalog
import Domain
import Foundation
import Logging
import Sealing
import Storage
import Threads

// A copy of the catalog that is put back by hand forgets what was acknowledged since; nobody would notice. So how far the catalog had
// come lies at the agents, which tell it with every check-in, and in the object stores.
extension Coordinator {
    /// What an agent was last told. What was not made by this coordinator says nothing.
    func compare(mark text: String, from agent: AgentIdentity) async throws(BackupError) {
        guard let mark = CatalogMark(text, markKey) else { return }
        try await meet(mark, "agent \(agent.name) was told of more")
    }

    /// A catalog that was made anew lacks something from the beginning, and hosts that wait are nobody's if nobody is told.
    func tellWhatIsLacking() async throws(BackupError) {
        let (now, channels) = (world.now(), fleet.alerts.channels)
        let waiting = try await strangers()
        let (gap, open) = try await catalog.read { view in
            (try CatalogGap.read(view), try view.openIncidentKeys(kind: IncidentKind.lacking))
        }
        let isTold = (open.contains(IncidentKey.lacking), open.contains(IncidentKey.waiting))
        guard (gap != nil) != isTold.0 || waiting.isEmpty == isTold.1 else { return }
        try await catalog.write { update in
            if let gap { try update.open(.lacking(gap), channels: channels, at: now) }
            if waiting.isEmpty {
                try update.resolve(key: IncidentKey.waiting, at: now)
            } else {
                try update.open(.waiting(waiting), channels: channels, at: now)
            }
        }
        bells.ring(.alerts)
    }

    /// Compares with the stores, and leaves the present mark there.
    func keepMarks() async throws(BackupError) {
        let (key, authority) = (markKey, authority)
        let present = try await catalog.read { try CatalogMark.read($0) }
        for place in catalogPlaces() {
            let folder = CatalogCopyName.folder(authority.certificate, prefix: place.prefix)
            do throws(BackupError) {
                let met = try await onThread { () throws(BackupError) in
                    try StoredMarks(store: try place.open(), folder: folder, key: key).keep(present)
                }
                if let met { try await meet(met, "\(place.name) holds a mark of more") }
            } catch  where error.code != .cancelled {
                logger.warning(
                    "the mark of the catalog could not be kept",
                    metadata: ["place": "\(place.name)", "error": "\(error)"])
            }
        }
    }

    /// A certificate of ours whose agent the catalog does not know: it was given out, and the catalog forgot it.
    func meetStranger(_ id: UUID) async throws(BackupError) {
        try await meet(nil, "agent \(id.uuidString.lowercased()) has a certificate, and no row")
    }

    /// Notes, once, that the catalog is from before this mark.
    private func meet(_ mark: CatalogMark?, _ reason: String) async throws(BackupError) {
        let known = try await catalog.read { (try CatalogMark.read($0), try CatalogGap.read($0)) }
        if let mark, mark <= known.0 { return }
        if let gap = known.1, mark.map({ $0 <= gap.mark ?? CatalogMark(epoch: 0, head: 0) }) ?? true { return }
        let (now, channels) = (world.now(), fleet.alerts.channels)
        try await catalog.write { update in
            let gap = CatalogGap(
                mark: [mark, known.1?.mark].compactMap(\.self).max(), since: known.1?.since ?? now,
                reason: known.1?.reason ?? reason)
            try gap.write(update)
            try update.open(.lacking(gap), channels: channels, at: now)
        }
        logger.critical("the catalog lacks what was acknowledged", metadata: ["reason": "\(reason)"])
        bells.ring(.alerts)
    }
}

/// The marks that lie in one store: a name proves nothing, so each holds its text.
private struct StoredMarks {
    let store: any ObjectStore
    let folder: String
    let key: [UInt8]
    private static let limit = 1024
    private static let most = 20

    /// The furthest mark that lies there, if it is further than this one; else this one lies there, and no older one.
    func keep(_ present: CatalogMark) throws(BackupError) -> CatalogMark? {
        var names: [(name: String, mark: CatalogMark)] = []
        for facts in try store.list(prefix: folder + "mark_") {
            let name = String(facts.key.dropFirst(folder.count))
            guard let match = name.wholeMatch(of: /mark_([0-9]{1,15})_([0-9]{1,15})/), let epoch = Int(match.1),
                let head = Int(match.2)
            else { continue }
            names.append((name, CatalogMark(epoch: epoch, head: head)))
        }
        // There is one of ours; whoever puts many more there only hides that one, and agents remember, too.
        let further = names.filter { $0.mark > present }.sorted { $0.mark > $1.mark }
        for (name, mark) in further.prefix(Self.most) where try isReal(name, mark) { return mark }
        try put(present, over: names.first { $0.mark == present }?.name)
        for (name, mark) in names where mark < present { try store.delete(folder + name) }
        return nil
    }

    /// Whether this coordinator put it there: what somebody else did counts for nothing.
    private func isReal(_ name: String, _ mark: CatalogMark) throws(BackupError) -> Bool {
        do throws(BackupError) {
            let text = String(decoding: try store.get(folder + name, limit: Self.limit), as: UTF8.self)
            return CatalogMark(text.trimmingCharacters(in: .whitespacesAndNewlines), key) == mark
        } catch  where [.integrity, .notFound, .storageRefused].contains(error.code) {
            return false
        }
    }

    private func put(_ mark: CatalogMark, over name: String?) throws(BackupError) {
        if let name {
            if try isReal(name, mark) { return }
            try store.delete(folder + name)
        }
        let bytes = Array((mark.text(key) + "\n").utf8)
        do throws(BackupError) {
            _ = try store.put("\(folder)mark_\(mark.epoch)_\(mark.head)", bytes, sha256: hex(sha256(bytes)))
        } catch  where error.code == .exists {
            // The next look says whose it is.
        }
    }
}
