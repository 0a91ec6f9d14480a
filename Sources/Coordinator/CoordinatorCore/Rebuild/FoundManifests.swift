import Archive
import Catalog
import Domain
import Foundation
import Wire

/// All manifests that were found, by the backup that they say to be of: more than one where they contradict each other.
struct FoundManifests: Sendable {
    private(set) var byBackup: [UUID: [FoundManifest]] = [:]

    mutating func add(_ one: FoundManifest, _ result: DestinationResult) {
        var all = byBackup[one.manifest.id] ?? []
        let place = all.firstIndex { $0.host == one.host && $0.sha256 == one.sha256 }
        if place == nil { all.append(one) }
        all[place ?? all.count - 1].results.append(result)
        byBackup[one.manifest.id] = all
    }
}

extension Coordinator {
    /// Leaves out what nobody can tell the truth of: who is first would be it. What a host says that the catalog knows by its key counts
    /// before what others say.
    func settle(_ found: FoundManifests) async throws(BackupError) -> [UUID: FoundManifest] {
        let everything = found.byBackup.values.joined()
        let ids = Set(everything.map(\.manifest.agent.id))
        let known = try await catalog.read { view in
            try ids.reduce(into: [UUID: String]()) { known, id in
                guard let agent = try view.agent(id), agent.keyFingerprint != Self.noKey else { return }
                known[id] = agent.name
            }
        }
        let rows = try await catalog.read { view in
            try Set(everything.map(\.host)).filter { host in
                try view.agent(named: host).map { $0.keyFingerprint != Self.noKey } ?? false
            }
        }
        var hosts: [UUID: Set<String>] = [:]
        var claims: [String: Set<UUID>] = [:]
        for one in everything where known[one.manifest.agent.id] == nil && !rows.contains(one.host) {
            hosts[one.manifest.agent.id, default: []].insert(one.host)
            claims[one.host, default: []].insert(one.manifest.agent.id)
        }
        for (id, names) in hosts where names.count > 1 {
            doubt("the folders of \(Self.list(names)) name one host, \(id.uuidString.lowercased())", names)
        }
        for (name, ids) in claims where ids.count > 1 {
            doubt(
                "the folder of \(name) names more than one host: \(Self.list(Set(ids.map { $0.uuidString.lowercased() })))",
                [name])
        }
        var settled: [UUID: FoundManifest] = [:]
        for (backup, all) in found.byBackup {
            let sound = all.filter { one in
                let id = one.manifest.agent.id
                return (hosts[id]?.count ?? 0) < 2 && (claims[one.host]?.count ?? 0) < 2
            }
            let proven = sound.filter { known[$0.manifest.agent.id] == $0.host }
            let candidates = proven.isEmpty ? sound : proven
            if candidates.count > 1 {
                let names = Set(candidates.map(\.host))
                doubt(
                    "\(candidates.count) manifests say to be of backup \(backup.uuidString.lowercased()), in the folders of "
                        + Self.list(names), names)
            } else {
                settled[backup] = candidates.first
            }
            guard !proven.isEmpty else { continue }
            for one in sound where known[one.manifest.agent.id] != one.host {
                rebuilding.refuse(
                    "backup \(backup.uuidString.lowercased()) in the folder of \(one.host): it is another host's")
            }
        }
        return settled
    }

    private func doubt(_ words: String, _ hosts: Set<String>) {
        let all =
            "\(words): let the right host in first (`holdfast agent admit ID`), or leave out what is wrong: "
            + hosts.sorted().prefix(3).map { "--without \($0)" }.joined(separator: " or ")
        rebuilding.refuse(all)
        rebuilding.couldNotLook(all)
    }

    private static func list(_ words: Set<String>) -> String {
        words.sorted().prefix(3).joined(separator: ", ") + (words.count > 3 ? " and others" : "")
    }
}
