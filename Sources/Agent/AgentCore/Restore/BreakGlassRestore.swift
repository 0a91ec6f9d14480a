package import Archive
package import Domain
package import Engines
import Foundation
import Storage
package import Threads
import Wire

/// A restore without a coordinator: from files or URLs, with the manifest beside them when it is there.
package struct BreakGlassRestore: Sendable {
    /// What to restore, as found.
    package struct Found: Sendable {
        package let manifest: Manifest?
        let readers: [ObjectReader]

        /// nil when no manifest says it.
        var plainBytes: Int64? {
            manifest == nil
                ? nil : readers.filter { $0.object.role.isContents }.total(\.plainBytes)
        }
    }

    let world: AgentWorld
    let paths: AgentPaths

    package init(world: AgentWorld, paths: AgentPaths) {
        self.world = world
        self.paths = paths
    }

    /// Finds the objects of one backup. Each place is a path, `s3://bucket/key` (endpoint, region and CA as the environment says
    /// them, else as the agent's cached plan does) or an `https://` URL of one object; a manifest (`….json`) names
    /// the objects beside it. `say` hears how a bucket is reached. Blocks. Throws `.notFound`, or `.usage` when it cannot tell what
    /// something is.
    package func find(
        _ places: [String], stop: StopSignal = StopSignal(), say: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(BackupError) -> Found {
        guard let first = places.first else { throw BackupError(.usage, "name a manifest or a dump to restore") }
        let plan = CachedPlan(paths)
        let place = try StoredPlace(first, world: world, plan: plan, stop: stop, say: say)
        var others: [StoredPlace] = []
        for text in places.dropFirst() {
            others.append(try StoredPlace(text, world: world, plan: plan, stop: stop) { _ in })
        }
        if let manifest = try manifest(of: place) {
            let named = Set(([place] + others).map(\.name))
            // All of one backup: the manifest says what they are, and what their checksums must be.
            if named.subtracting([place.name]).isSubset(of: manifest.objects.map(\.name)) {
                let wanted = manifest.objects.filter { object in
                    if named.contains(object.name) || (place.isManifest && others.isEmpty) { return true }
                    // Beside a link nothing else can be found.
                    return !object.role.isContents && !place.isLink
                }
                return Found(
                    manifest: manifest,
                    readers: wanted.map { object in
                        (others.first { $0.name == object.name } ?? place).reader(object, stop: stop)
                    })
            }
        }
        var readers: [ObjectReader] = []
        for place in [place] + others {
            readers.append(place.reader(try DumpFile.object(named: place.name), stop: stop))
        }
        return Found(manifest: nil, readers: readers)
    }

    /// Restores what was found. Without a manifest there are no checksums to compare, which the caller says loudly.
    package func restore(
        _ found: Found, engine: any Engine, target: String?, replace: Bool, skipChecksum: Bool, withGlobals: Bool,
        trustOrigin: Bool, part: ArchivePart = ArchivePart(), manner: LoadManner = LoadManner(), stop: StopSignal,
        progress: WorkProgress = WorkProgress(), say: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> RestoreOutcome {
        var restore = Restore(
            readers: found.readers, engine: engine, target: target, replace: replace,
            skipChecksum: skipChecksum || found.manifest == nil, withGlobals: withGlobals,
            fingerprint: found.manifest?.fingerprint,
            origin: trustOrigin ? .trusted : !skipChecksum && isOwn(found) ? .own : .foreign, part: part,
            manner: manner,
            now: world.now(), stop: stop,
            inspects: found.manifest == nil && !skipChecksum, takesDamaged: skipChecksum)
        if found.manifest != nil, !skipChecksum {
            try await restore.check(progress.begin("checking", total: found.readers.total(\.storedBytes)))
        }
        let counter = progress.begin("restoring", total: found.plainBytes)
        // Without an agent's folder nobody comes after this.
        guard access(paths.data.path, F_OK) == 0 else { return try await restore.load(counter) }
        let words =
            "a restore by hand of \(found.readers.first { $0.object.role.isContents }?.object.name ?? "a backup")"
        let record = RestoreRecord(id: world.newID(), engine, words: words, at: world.now())
        return try await RestoreJournal(paths, now: world.now).noting(record, by: engine, paths: paths, say) { trace in
            restore.trace = trace
            return try await restore.load(counter)
        }
    }

    /// Whether this host made it, by the signatures in its manifest.
    private func isOwn(_ found: Found) -> Bool {
        guard let manifest = found.manifest else { return false }
        return OriginSeal(paths: paths).isOwn(
            found.readers.map(\.object), agent: manifest.agent.id, database: manifest.database.name,
            kind: manifest.database.kind)
    }

    private func manifest(of place: StoredPlace) throws(BackupError) -> Manifest? {
        if place.isManifest {
            return try read(place.key, of: place)
        }
        guard let beside = place.manifestKey else { return nil }
        do throws(BackupError) {
            return try read(beside, of: place)
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// Whoever is here has no coordinator, so a manifest that cannot be used is named together with the way around it.
    private func read(_ key: String, of place: StoredPlace) throws(BackupError) -> Manifest {
        let bytes = try place.store.get(key, limit: Manifest.sizeLimit)
        do throws(BackupError) {
            return try Manifest(decoding: bytes)
        } catch {
            throw BackupError(
                error.code,
                "\(key): \(error.message), or name the dump itself with no manifest beside it (then no checksums are "
                    + "compared)")
        }
    }
}
