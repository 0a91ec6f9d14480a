import Archive
import Catalog
package import Domain
import Foundation
import Logging
import Sealing
import Storage
import Threads
package import Wire

// Object storage is the source of truth: what the catalog lacks is brought back from the manifests that lie there.
extension Coordinator {
    /// How many manifests are read at the same time, and how many are taken in within one transaction.
    private static let readersAtOnce = 16
    private static let perTransaction = 100

    /// Asks for the catalog to be completed by the manifests at a place; follow it by ``catalogState(by:)``. Nothing that is in the
    /// catalog is changed or removed, whatever lies there.
    package func rebuildCatalog(
        _ request: RebuildRequest, by operator: OperatorIdentity
    ) async throws(BackupError) -> RebuildView {
        try `operator`.require(.admin, "rebuilding the catalog")
        let openS3 = world.openS3
        var place: CatalogPlace?
        if let from = request.from {
            place = try CatalogPlace(from, world.environment) { (s3) throws(BackupError) in try openS3(s3) }
        }
        guard place != nil || fleet.destinations.contains(where: { $0.s3 != nil }) else {
            throw BackupError(
                .configuration,
                "the fleet has no object store to rebuild from: apply the fleet.yaml that names it, or say --from s3://bucket/prefix, or "
                    + "--from a directory of the coordinator's host")
        }
        let now = world.now()
        let job = RebuildDesk.Job(
            place: place, dryRun: request.dryRun, by: `operator`.tokenId, without: Set(request.without ?? []))
        let view = try rebuilding.ask(job, at: now)
        bells.ring(.rebuild)
        return view
    }

    /// Does what was asked for, to its end.
    func rebuildIfAsked() async {
        guard let job = rebuilding.take() else { return }
        do throws(BackupError) {
            try await rebuild(job)
            let unseen = rebuilding.unseen
            rebuilding.change { view in
                view.state = unseen == nil ? .succeeded : .incomplete
                view.message = unseen.map { "not all was looked at, so nothing is deleted yet: \($0)" }
            }
        } catch {
            logger.error("the catalog could not be rebuilt", metadata: ["error": "\(error)"])
            rebuilding.change { view in (view.state, view.message) = (.failed, error.message) }
        }
        let now = world.now()
        rebuilding.change { view in (view.finishedAt, view.phase) = (now, "done") }
    }

    private func rebuild(_ job: RebuildDesk.Job) async throws(BackupError) {
        let openS3 = world.openS3
        let places: [CatalogPlace]
        if let place = job.place {
            places = [catalogued(place)]
        } else {
            places = fleet.destinations.compactMap { destination in
                current(destination).s3.map { CatalogPlace(destination, $0, openS3) }
            }
        }
        var found: [UUID: FoundManifest] = [:]
        for place in places { try await collect(from: place, into: &found) }
        try await leaveOutDoubtful(&found)
        try await addPartial(&found)
        let unasked = try await lookOnHosts(&found, without: job.without)
        let foreign = job.place == nil ? nil : places.first?.destination
        if job.dryRun { return try await foresee(found) }
        let order = found.values.sorted {
            ($0.manifest.finishedAt, $0.manifest.id.uuidString) < ($1.manifest.finishedAt, $1.manifest.id.uuidString)
        }
        rebuilding.change { $0.phase = "taking \(order.count) manifests into the catalog" }
        for start in stride(from: 0, to: order.count, by: Self.perTransaction) {
            guard !Task.isCancelled else { throw BackupError(.cancelled, "the coordinator stopped") }
            try await take(Array(order[start..<min(start + Self.perTransaction, order.count)]), foreign)
        }
        // What was made up is nobody's; those that are hosts by now are to be asked.
        let known = try await catalog.read { view in
            try Set(unasked.keys.filter { try view.agent($0).map { $0.revokedAt == nil } ?? false })
        }
        for (id, words) in unasked.sorted(by: { $0.value < $1.value }) where known.contains(id) {
            rebuilding.couldNotLook(words)
        }
        let own = fleet.destinations.filter { $0.s3 != nil }.map(\.name)
        if !Set(own).isSubset(of: places.compactMap(\.destination?.name)) {
            rebuilding.couldNotLook("the fleet's own stores: run `holdfast catalog rebuild` without --from")
        }
        // A partial look ends nothing: retention goes on resting.
        if rebuilding.unseen == nil { try await finish(job) }
    }

    /// An id that the catalog does not know, and that more than one host calls its own: who is first would be it.
    private func leaveOutDoubtful(_ found: inout [UUID: FoundManifest]) async throws(BackupError) {
        var hosts: [UUID: Set<String>] = [:]
        for one in found.values { hosts[one.manifest.agent.id, default: []].insert(one.host) }
        let several = hosts.filter { $0.value.count > 1 }
        guard !several.isEmpty else { return }
        let unknown = try await catalog.read { view in try several.filter { try view.agent($0.key) == nil } }
        for (id, names) in unknown {
            for (backup, one) in found where one.manifest.agent.id == id { found[backup] = nil }
            let words =
                "the folders of \(names.sorted().prefix(3).joined(separator: ", ")) name one host, "
                + "\(id.uuidString.lowercased()): let the right one in first (`holdfast agent admit`), then run it again"
            rebuilding.refuse(words)
            rebuilding.couldNotLook(words)
        }
    }

    /// The destination of the fleet that a place is, or one of its own name, so that what lies there can be catalogued.
    private func catalogued(_ place: CatalogPlace) -> CatalogPlace {
        var place = place
        guard place.name.hasPrefix("s3://") else {
            // The same keys as in a bucket that was copied here: they are those of the fleet's first store.
            place.destination =
                fleet.destinations.first { $0.s3 != nil }
                ?? Destination(name: "rebuilt", directory: .init(path: URL(filePath: place.name).absoluteURL.path))
            return place
        }
        let bucket = place.name.dropFirst(5).split(separator: "/").first.map(String.init) ?? ""
        let prefix = place.prefix
        let endpoint = world.environment["AWS_ENDPOINT_URL_S3"] ?? world.environment["AWS_ENDPOINT_URL"]
        let known = fleet.destinations.map(current).first { one in
            // Another service's bucket of the same name is another bucket.
            one.s3?.bucket == bucket && one.s3?.prefix == prefix && (one.s3?.endpoint ?? endpoint) == endpoint
        }
        if let known {
            place.destination = known
            return place
        }
        let variables = world.environment
        place.destination = Destination(
            name: bucket,
            s3: .init(
                bucket: bucket, region: variables["AWS_REGION"] ?? variables["AWS_DEFAULT_REGION"] ?? "us-east-1",
                prefix: prefix, endpoint: variables["AWS_ENDPOINT_URL_S3"] ?? variables["AWS_ENDPOINT_URL"],
                caFile: variables["AWS_CA_BUNDLE"]))
        return place
    }

    /// Lists a place and reads the manifests that the catalog does not know.
    private func collect(
        from place: CatalogPlace, into found: inout [UUID: FoundManifest]
    ) async throws(BackupError) {
        guard let destination = place.destination else { return }
        var disputed: Set<UUID> = []
        defer { for id in disputed { found[id] = nil } }
        rebuilding.change { $0.phase = "listing \(place.name)" }
        let folders = try await onThread { () throws(BackupError) in
            try ListedFolder.all(in: try place.open(), prefix: place.prefix)
        }
        for listed in folders {
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
                case .failure(let error) where error.code == .integrity:
                    rebuilding.refuse("\(listed.folder)\(name): \(error.message)")
                case .failure(let error): rebuilding.couldNotLook("\(listed.folder)\(name): \(error.message)")
                case .success(let one):
                    guard
                        let result = FoundManifest.result(
                            one.manifest, named: name, sha256: one.sha256, at: destination.name, folder: folder.folder,
                            listed.files)
                    else { continue }
                    if let other = found[one.manifest.id], other.host != one.host || other.sha256 != one.sha256 {
                        // Neither is believed, until a person has looked.
                        disputed.insert(one.manifest.id)
                        rebuilding.refuse(
                            "\(listed.folder)\(name): another manifest of the same backup lies in the folder of \(other.host)"
                        )
                        continue
                    }
                    found[one.manifest.id, default: one].results.append(result)
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

    private static func manifest(
        _ name: String, _ listed: ListedFolder, _ place: CatalogPlace
    ) throws(BackupError) -> FoundManifest {
        let bytes = try place.open().get(listed.folder + name, limit: Manifest.sizeLimit)
        return FoundManifest(
            manifest: try Manifest(decoding: bytes), sha256: hex(sha256(bytes)),
            storedAt: listed.files[name]?.modifiedAt, host: listed.host, results: [])
    }

    private func foresee(_ found: [UUID: FoundManifest]) async throws(BackupError) {
        let known = try await catalog.read { view in try found.keys.filter { try view.backup($0) != nil }.count }
        rebuilding.change { $0.added = found.count - known }
    }

    private func take(_ portion: [FoundManifest], _ foreign: Destination?) async throws(BackupError) {
        let (now, fleet) = (world.now(), fleet)
        let outcomes = try await catalog.write { update in
            if let foreign { try update.addPlace(foreign, at: now) }
            let rebuilt = RebuiltBackup(update: update, fleet: fleet, foreign: foreign, now: now)
            return try portion.map { one -> RebuiltBackup.Outcome in
                do {
                    return try update.separately { try rebuilt.take(one) }
                } catch let error as BackupError where error.code == .usage || error.code == .exists {
                    // One that cannot be kept keeps none of the others away.
                    return .refused(error.message)
                }
            }
        }
        for (one, outcome) in zip(portion, outcomes) {
            switch outcome {
            case .known: break
            case .copies(let count): rebuilding.change { $0.copies += count }
            case .refused(let words):
                rebuilding.refuse("backup \(one.manifest.id.uuidString.lowercased()) of \(one.host): \(words)")
            case .added(let agent):
                rebuilding.change { view in
                    view.added += 1
                    if let agent, view.agents.count < 1000 { view.agents.append(agent) }
                }
            }
        }
    }

    /// A new life of the catalog begins: what it lacked it has, as far as that lies anywhere.
    private func finish(_ job: RebuildDesk.Job) async throws(BackupError) {
        let now = world.now()
        let view = rebuilding.view
        try await catalog.write { update in
            let (present, gap) = (try CatalogMark.read(update), try CatalogGap.read(update))
            let furthest = max(present, gap?.mark ?? present)
            try CatalogMark(epoch: furthest.epoch + (gap == nil ? 0 : 1), head: furthest.head + 1).write(update)
            try update.removeSetting(SettingName.behind)
            try update.resolve(key: IncidentKey.lacking, at: now)
            try update.audit(
                job.by, "catalog rebuild", job.place?.name ?? "every store",
                detail: "\(view?.added ?? 0) added, \(view?.refusedCount ?? 0) refused", at: now)
        }
        for bell in [Bells.Bell.confirmation, .alerts, .supervision] { bells.ring(bell) }
        copySoon()
    }
}
