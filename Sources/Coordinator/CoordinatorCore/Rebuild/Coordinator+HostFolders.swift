import Archive
import Catalog
import Domain
import Foundation
import Logging
import Storage
import Wire

// Copies in directories of the hosts lie out of the coordinator's sight: their agents are asked.
extension Coordinator {
    /// Adds to each manifest that was found what the directories of its host hold of it. Returns the hosts that could not be asked, each
    /// with why; a later rebuild asks them again.
    func lookOnHosts(
        _ found: inout [UUID: FoundManifest], without: Set<String>
    ) async throws(BackupError) -> [UUID: String] {
        let directories = fleet.destinations.filter { $0.directory != nil }
        guard !directories.isEmpty else { return [:] }
        let hosts = Dictionary(grouping: found.values, by: \.manifest.agent.id)
        var unasked: [UUID: String] = [:]
        for (id, manifests) in hosts.sorted(by: { $0.key.uuidString < $1.key.uuidString }) {
            let row = try await catalog.read { try $0.agent(id) }
            // The name that a manifest says is its folder's, and a host can have it.
            guard let name = row?.name ?? manifests.first?.host, !without.contains(name) else { continue }
            guard let agent = row, agent.keyFingerprint != Self.noKey else {
                unasked[id] =
                    "the directories of \(name), which waits to be admitted: `holdfast agent admit \(name)`; a host that will not come "
                    + "back: --without \(name), or --without-waiting for all of them"
                continue
            }
            if agent.revokedAt != nil { continue }
            await awaitFirstCall(of: agent)
            rebuilding.change { $0.phase = "asking \(agent.name) what lies on its host" }
            for destination in directories {
                guard let directory = destination.directory else { continue }
                do throws(BackupError) {
                    for folder in BackupKeys.folders.map({ "\(agent.name)/\($0)/" }) {
                        let files = try await files(agent, directory, folder)
                        for one in manifests {
                            let main = one.manifest.objects.first { $0.role.isContents }?.name ?? ""
                            guard let name = BackupKeys.manifestName(beside: main),
                                let result = FoundManifest.result(
                                    one.manifest, named: name, sha256: one.sha256, at: destination.name, folder: folder,
                                    files)
                            else { continue }
                            found[one.manifest.id]?.results.append(result)
                        }
                    }
                } catch {
                    unasked[id] =
                        "\(destination.name) on \(agent.name) (\(error.message)); if that host is gone for good: --without "
                        + agent.name
                    logger.warning(
                        "a host could not be asked", metadata: ["agent": "\(agent.name)", "error": "\(error)"])
                }
            }
        }
        return unasked
    }

    /// Just after the coordinator's own start its hosts have yet to call, which they do within a minute. Waits until this one has, or
    /// until none is waited for any more.
    private func awaitFirstCall(of agent: AgentRecord) async {
        let end = startedAt.addingTimeInterval(90)
        while world.askAgent == nil, presence.sighting(of: agent.id) == nil, world.now() < end, !Task.isCancelled {
            rebuilding.change { $0.phase = "waiting for \(agent.name) to call" }
            // Cancellation ends the wait, and is looked at in the condition.
            try? await Task.sleep(for: .milliseconds(300))
        }
    }

    /// Known backups that lack a place: their hosts may have been out of reach when they were brought back.
    func addPartial(_ found: inout [UUID: FoundManifest]) async throws(BackupError) {
        let partial = try await catalog.read { view in
            try view.partialBackups(limit: 10_000).compactMap { backup -> FoundManifest? in
                let own = try view.copies(of: backup.id).compactMap(\.objects.last).first { $0.name.hasSuffix(".json") }
                guard let own, let manifest = try view.manifest(of: backup.id) else { return nil }
                return FoundManifest(
                    manifest: manifest, sha256: own.sha256, storedAt: nil, host: manifest.agent.name, results: [])
            }
        }
        for one in partial where found[one.manifest.id] == nil { found[one.manifest.id] = one }
    }

    private func files(
        _ agent: AgentRecord, _ directory: Destination.Directory, _ folder: String
    ) async throws(BackupError) -> [String: ObjectFacts] {
        var files: [String: ObjectFacts] = [:]
        var after: String?
        let end = world.uptime() + .seconds(300)
        while world.uptime() < end {
            let answer = try await ask(agent, directory, folder, names: nil, after: after)
            for file in answer.files {
                files[file.name] = ObjectFacts(key: folder + file.name, bytes: file.bytes, etag: "")
            }
            guard answer.goesOn, let last = answer.files.last?.name else { return files }
            if let after, last <= after { break }
            after = last
        }
        throw BackupError(.storageUnavailable, "the listing of \(folder) does not come to its end")
    }
}
