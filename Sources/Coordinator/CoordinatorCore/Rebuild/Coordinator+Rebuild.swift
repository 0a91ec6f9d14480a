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
    /// How many manifests are taken in within one transaction.
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
            place: place, dryRun: request.dryRun, by: `operator`.tokenId, without: Set(request.without ?? []),
            withoutWaiting: request.withoutWaiting ?? false)
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
                view.message = unseen.map { "not all was looked at: \($0)" }
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
        var all = FoundManifests()
        for place in places { try await collect(from: place, into: &all, without: job.without) }
        var found = try await settle(all)
        try await addPartial(&found)
        let unasked = try await lookOnHosts(&found, without: job.without)
        try await tellWhatWasLeftOut(job)
        let foreign = job.place == nil ? nil : places.first?.destination
        if job.dryRun { return try await foresee(found, unasked) }
        let order = found.values.sorted {
            ($0.manifest.finishedAt, $0.manifest.id.uuidString) < ($1.manifest.finishedAt, $1.manifest.id.uuidString)
        }
        rebuilding.change { $0.phase = "taking \(order.count) manifests into the catalog" }
        for start in stride(from: 0, to: order.count, by: Self.perTransaction) {
            guard !Task.isCancelled else { throw BackupError(.cancelled, "the coordinator stopped") }
            try await take(Array(order[start..<min(start + Self.perTransaction, order.count)]), foreign)
        }
        try await tell(unasked, job)
        // A partial look ends nothing: retention goes on resting.
        if rebuilding.unseen == nil { try await finish(job) }
    }

    /// What was made up is nobody's; those that are hosts by now are to be asked.
    private func tell(_ unasked: [UUID: String], _ job: RebuildDesk.Job) async throws(BackupError) {
        let asked = try await catalog.read { view in
            try Set(
                unasked.keys.filter { id in
                    guard let agent = try view.agent(id), agent.revokedAt == nil else { return false }
                    return agent.keyFingerprint != Self.noKey || !job.withoutWaiting
                })
        }
        for (id, words) in unasked.sorted(by: { $0.value < $1.value }) where asked.contains(id) {
            rebuilding.couldNotLook(words)
        }
    }

    /// A look at another place is no look at the fleet's.
    private func tellWhatWasLeftOut(_ job: RebuildDesk.Job) async throws(BackupError) {
        let own = fleet.destinations.filter { $0.s3 != nil }.map(\.name)
        if job.place != nil, own.isEmpty, try await catalog.read({ try $0.appliedFleet() }) == nil {
            // Nobody has said yet where the fleet's backups lie.
            rebuilding.couldNotLook("no fleet.yaml is applied that names the stores: `holdfast apply -f fleet.yaml`")
        }
        let looked = fleet.destinations.filter { destination in
            guard let place = job.place else { return true }
            return place.name.hasPrefix("s3://") && catalogued(place).destination?.name == destination.name
        }
        if !Set(own).isSubset(of: looked.map(\.name)) {
            rebuilding.couldNotLook("the fleet's own stores: run `holdfast catalog rebuild` without --from")
        }
    }

    /// The destination of the fleet that a place is, or one of its own name, so that what lies there can be catalogued.
    func catalogued(_ place: CatalogPlace) -> CatalogPlace {
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

    private func foresee(
        _ found: [UUID: FoundManifest], _ unasked: [UUID: String]
    ) async throws(BackupError) {
        for (_, words) in unasked.sorted(by: { $0.value < $1.value }) { rebuilding.couldNotLook(words) }
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
            case .doubtful(let words):
                let all = "backup \(one.manifest.id.uuidString.lowercased()) of \(one.host): \(words)"
                rebuilding.refuse(all)
                rebuilding.couldNotLook(all)
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
            if gap != nil {
                // What the fleet.yaml of an older catalog would delete is announced anew before it goes.
                for name in [SettingName.lastCleanup, SettingName.cleanupAnnounced] { try update.removeSetting(name) }
            }
            try update.resolve(key: IncidentKey.lacking, at: now)
            try update.audit(
                job.by, "catalog rebuild", job.place?.name ?? "every store",
                detail: "\(view?.added ?? 0) added, \(view?.refusedCount ?? 0) refused", at: now)
        }
        for bell in [Bells.Bell.confirmation, .alerts, .supervision] { bells.ring(bell) }
        copySoon()
    }
}
