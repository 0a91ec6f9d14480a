import Catalog
package import Domain
import Foundation
import Logging
import Sealing
import Storage
import Threads
package import Wire

// The catalog is copied to where the backups are: a coordinator that is lost is made anew from there.
extension Coordinator {
    /// Copies the catalog to every place whose time has come.
    func copyCatalogIfDue() async throws(BackupError) {
        let (now, rules) = (world.now(), fleet.catalog)
        guard let every = rules.every else { return try await forgetCopies(but: []) }
        let places = catalogPlaces()
        let records = try await catalog.read { try CatalogCopyRecord.read($0) }
        let isWanted = wantedCopies.areWanted
        let due = places.filter { place in
            records[place.name]?.isDue(at: now, every: every, isWanted: isWanted) ?? true
        }
        if !due.isEmpty {
            _ = wantedCopies.take()
            _ = try await copyCatalog(to: due)
        }
        try await forgetCopies(but: places)
    }

    /// By an operator, now, to every place. Throws `.configuration` when there is none.
    package func copyCatalog(by operator: OperatorIdentity) async throws(BackupError) -> [CatalogCopyView] {
        try `operator`.require(.admin, "copying the catalog")
        let places = catalogPlaces()
        guard !places.isEmpty else {
            throw BackupError(
                .configuration,
                "there is no place for a copy of the catalog: the fleet has no object store, and fleet.yaml names no `catalog: { "
                    + "directory: … }`")
        }
        let now = world.now()
        try await catalog.write { update in
            try update.audit(`operator`.tokenId, "catalog backup", "\(places.count) places", at: now)
        }
        return try await copyCatalog(to: places)
    }

    /// Who may speak or what is to be done has changed: a copy without that would bring the old back.
    func copySoon() {
        wantedCopies.want()
        bells.ring(.copies)
    }

    /// One at a time: they are made in the same two files.
    private func copyCatalog(to places: [CatalogPlace]) async throws(BackupError) -> [CatalogCopyView] {
        try await wantedCopies.takeTurn()
        defer { wantedCopies.endTurn() }
        return try await copyInTurn(to: places)
    }

    private struct Stored: Sendable {
        let bytes: Int64
        let keys: [String]
        /// Why older ones stay.
        let undeleted: BackupError?
    }

    private func copyInTurn(to places: [CatalogPlace]) async throws(BackupError) -> [CatalogCopyView] {
        let (now, rules, paths, key, authority) = (world.now(), fleet.catalog, paths, catalogKey, authority)
        let catalog = catalog
        let mark = try await catalog.read { try CatalogMark.read($0) }
        let name = CatalogCopyName(mark, at: now, chance: world.uuid())
        let known = try await catalog.read { try CatalogCopyRecord.read($0) }
        let outcomes = try await onThread { () throws(BackupError) -> [(CatalogPlace, Result<Stored, BackupError>)] in
            defer {
                for file in [paths.catalogCopy, paths.sealedCopy] { CatalogCopy.clear(file) }
            }
            let sealed: CatalogSeal.Sealed
            do throws(BackupError) {
                try CatalogCopy.make(of: catalog, at: paths.catalogCopy, with: authority)
                sealed = try CatalogSeal.seal(paths.catalogCopy, into: paths.sealedCopy, key)
            } catch {
                // No place has one then, which is told of each.
                return places.map { ($0, .failure(error)) }
            }
            return places.map { place in
                let folder = CatalogCopyName.folder(authority.certificate, prefix: place.prefix)
                return (
                    place,
                    Result { () throws(BackupError) in
                        let store = try place.open()
                        try CatalogCopy.store(paths.sealedCopy, sealed, as: folder + name.name, in: store)
                        let own = (known[place.name]?.keys ?? []) + [folder + name.name]
                        // What cannot be deleted now is another time; the copy is there.
                        let (left, failure) = CatalogCopy.prune(own, in: store, keep: rules.keep)
                        return Stored(bytes: sealed.bytes, keys: left, undeleted: failure)
                    }
                )
            }
        }
        let channels = fleet.alerts.channels
        let every = rules.every ?? 3600
        let views = try await catalog.write { update -> [CatalogCopyView] in
            var records = try CatalogCopyRecord.read(update)
            for (place, outcome) in outcomes {
                var record = records[place.name] ?? CatalogCopyRecord(triedAt: now)
                record.triedAt = now
                let key = CatalogCopyName.folder(authority.certificate, prefix: place.prefix) + name.name
                switch outcome {
                case .success(let stored):
                    (record.at, record.key, record.bytes) = (now, key, stored.bytes)
                    record.keys = stored.keys
                    (record.failure, record.failingSince) = (nil, nil)
                case .failure(let error):
                    (record.failure, record.failingSince) = (error.message, record.failingSince ?? now)
                }
                records[place.name] = record
                if record.isStale(at: now, every: every) {
                    try update.open(.uncopied(place.name, record), channels: channels, at: now)
                } else if record.failure == nil {
                    try update.resolve(key: IncidentKey.uncopied(place.name), at: now)
                }
            }
            try CatalogCopyRecord.write(records, update)
            return outcomes.map { place, _ in Self.view(place.name, records[place.name]) }
        }
        for (place, outcome) in outcomes {
            switch outcome {
            case .failure(let error):
                logger.error(
                    "the catalog could not be copied", metadata: ["place": "\(place.name)", "error": "\(error)"])
            case .success(let stored):
                guard let error = stored.undeleted else { continue }
                logger.warning(
                    "older copies of the catalog could not be deleted",
                    metadata: ["place": "\(place.name)", "error": "\(error)"])
            }
        }
        return views
    }

    /// What was remembered of places that are none any more.
    private func forgetCopies(but places: [CatalogPlace]) async throws(BackupError) {
        let (now, names) = (world.now(), Set(places.map(\.name)))
        let others = try await catalog.read { view in
            try CatalogCopyRecord.read(view).keys.filter { !names.contains($0) }
        }
        guard !others.isEmpty else { return }
        try await catalog.write { update in
            try CatalogCopyRecord.write(try CatalogCopyRecord.read(update).filter { names.contains($0.key) }, update)
            for name in others { try update.resolve(key: IncidentKey.uncopied(name), at: now) }
        }
    }

    static func view(_ place: String, _ record: CatalogCopyRecord?) -> CatalogCopyView {
        CatalogCopyView(
            place: place, at: record?.at, key: record?.key, bytes: record?.bytes, failure: record?.failure)
    }
}
