import Archive
import Catalog
import Domain
import Foundation
import Sealing
import Storage
import Threads
import Wire

// Looking for manifests: whatever lies in a store, anybody may have put there.
extension Coordinator {
    /// Lists a place and reads the manifests that the catalog does not know.
    func collect(
        from place: CatalogPlace, into found: inout FoundManifests, without: Set<String>
    ) async throws(BackupError) {
        guard let destination = place.destination else { return }
        rebuilding.change { $0.phase = "listing \(place.name)" }
        let folders = try await onThread { () throws(BackupError) in
            try ListedFolder.all(in: try place.open(), prefix: place.prefix)
        }
        for listed in folders where !without.contains(listed.host) {
            guard listed.host.wholeMatch(of: Self.agentName) != nil else {
                rebuilding.refuse("\(listed.folder): no host can have that name")
                continue
            }
            let names = listed.manifests
            let agent = try await catalog.read { try $0.agent(named: listed.host)?.id } ?? world.uuid()
            let folder = CopyFolder(
                agent: agent, place: destination,
                folder: destination.keyPrefix + listed.folder.dropFirst(place.prefix.count))
            let unknown = try await catalog.read { try $0.unknownNames(names, in: folder) }
            rebuilding.change { view in
                view.manifests += names.count
                view.phase = "reading the manifests of \(listed.host) at \(place.name)"
            }
            for (name, outcome) in await read(unknown, listed, place) {
                rebuilding.change { $0.read += 1 }
                switch outcome {
                case .failure(let error) where error.code == .integrity || error.code == .usage:
                    rebuilding.refuse("\(listed.folder)\(name): \(error.message)")
                case .failure(let error):
                    rebuilding.couldNotLook(
                        "\(listed.folder)\(name): \(error.message); to leave out what \(listed.host) has: --without \(listed.host)"
                    )
                case .success(let one) where one.manifest.agent.name != listed.host:
                    rebuilding.refuse(
                        "\(listed.folder)\(name): its manifest names host \(one.manifest.agent.name), and it lies in the folder of "
                            + listed.host)
                case .success(let one):
                    let result = FoundManifest.result(
                        one.manifest, named: name, sha256: one.sha256, at: destination.name, folder: folder.folder,
                        listed.files)
                    if let result { found.add(one, result) }
                }
            }
        }
    }

    private func read(
        _ names: [String], _ listed: ListedFolder, _ place: CatalogPlace
    ) async -> [(String, Result<FoundManifest, BackupError>)] {
        var rest = names.makeIterator()
        var outcomes: [(String, Result<FoundManifest, BackupError>)] = []
        await withTaskGroup(of: (String, Result<FoundManifest, BackupError>).self) { group in
            @Sendable func one(_ name: String) async -> (String, Result<FoundManifest, BackupError>) {
                do throws(BackupError) {
                    return (
                        name,
                        .success(
                            try await onThread { () throws(BackupError) in try Self.manifest(name, listed, place) })
                    )
                } catch { return (name, .failure(error)) }
            }
            for _ in 0..<Self.readersAtOnce {
                guard let name = rest.next() else { break }
                group.addTask { await one(name) }
            }
            while let outcome = await group.next() {
                outcomes.append(outcome)
                guard !Task.isCancelled, let name = rest.next() else { continue }
                group.addTask { await one(name) }
            }
        }
        return outcomes
    }

    /// How many manifests are read at the same time.
    private static let readersAtOnce = 16

    private static func manifest(
        _ name: String, _ listed: ListedFolder, _ place: CatalogPlace
    ) throws(BackupError) -> FoundManifest {
        let bytes = try place.open().get(listed.folder + name, limit: Manifest.sizeLimit)
        return FoundManifest(
            manifest: try Manifest(decoding: bytes), sha256: hex(sha256(bytes)),
            storedAt: listed.files[name]?.modifiedAt, host: listed.host, results: [])
    }
}
