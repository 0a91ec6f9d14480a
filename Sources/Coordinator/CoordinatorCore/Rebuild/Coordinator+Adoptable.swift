import Archive
import Catalog
package import Domain
import Foundation
import Storage
import Threads
package import Wire

// Dumps of other tools, and manifests of our own that nobody knows: they are offered, and taken in by a person's word.
extension Coordinator {
    private static let mostListed = 500_000
    private static let mostShown = 1000

    /// What lies below a place and has no row. Reads names only. Throws `.usage` for a pattern that is none, and where there is more than
    /// can be looked through at once.
    package func adoptable(
        _ request: AdoptableRequest, by operator: OperatorIdentity
    ) async throws(BackupError) -> AdoptableView {
        try `operator`.require(.operator, "looking for dumps")
        let openS3 = world.openS3
        let place = catalogued(
            try CatalogPlace(request.from, world.environment) { (s3) throws(BackupError) in try openS3(s3) })
        let names = try DumpNames(pattern: request.pattern, zone: .current)
        let listing = try await onThread { () throws(BackupError) in
            try Listing(place, atMost: Self.mostListed)
        }
        var dumps: [AdoptableView.Dump] = []
        for facts in listing.dumps {
            let name = facts.key.split(separator: "/").last.map(String.init) ?? facts.key
            let file = names.read(name)
            dumps.append(
                .init(
                    place: Self.whole(facts.key, at: request.from), database: file.database, takenAt: file.takenAt,
                    bytes: facts.bytes, storedAt: facts.modifiedAt))
        }
        dumps.sort { ($1.takenAt ?? .distantPast, $1.place) < ($0.takenAt ?? .distantPast, $0.place) }
        return AdoptableView(
            dumps: Array(dumps.prefix(Self.mostShown)), count: dumps.count,
            manifests: try await unknownManifests(listing.folders, place))
    }

    private func unknownManifests(
        _ folders: [ListedFolder], _ place: CatalogPlace
    ) async throws(BackupError) -> Int {
        guard let destination = place.destination else { return 0 }
        let newID = world.uuid()
        return try await catalog.read { view in
            try folders.reduce(0) { count, listed in
                let agent = try view.agent(named: listed.host)?.id ?? newID
                let folder = CopyFolder(
                    agent: agent, place: destination,
                    folder: destination.keyPrefix + listed.folder.dropFirst(place.prefix.count))
                return try count + view.unknownNames(listed.manifests, in: folder).count
            }
        }
    }

    private static func whole(_ key: String, at from: String) -> String {
        guard from.hasPrefix("s3://") else { return URL(filePath: from).absoluteURL.appending(path: key).path }
        return "s3://\(from.dropFirst(5).prefix { $0 != "/" })/\(key)"
    }

    /// What lies at a place: manifests in our own folders, and dumps that none of those stands beside.
    private struct Listing: Sendable {
        private(set) var folders: [ListedFolder] = []
        private(set) var dumps: [ObjectFacts] = []

        /// Blocks.
        init(_ place: CatalogPlace, atMost most: Int) throws(BackupError) {
            var own: [String: ListedFolder] = [:]
            var found: [(facts: ObjectFacts, manifest: String?)] = []
            var count = 0
            try place.open().visit(prefix: place.prefix) { (portion) throws(BackupError) in
                for facts in portion where !facts.key.contains(".holdfast/") {
                    let name = facts.key.split(separator: "/").last.map(String.init) ?? ""
                    if name.hasSuffix(".json") {
                        guard let folder = ListedFolder(of: facts.key, prefix: place.prefix) else { continue }
                        own[folder.folder, default: folder].files[name] = facts
                    } else {
                        // What is no dump by its suffixes is nobody's to adopt.
                        guard (try? DumpFile.object(named: name))?.role.isContents == true else { continue }
                        let beside = BackupKeys.manifestName(beside: name).map { facts.key.dropLast(name.count) + $0 }
                        found.append((facts, beside.map(String.init)))
                    }
                    count += 1
                }
                guard count <= most else {
                    throw BackupError(
                        .usage, "more than \(most) dumps and manifests lie below \(place.name): name a longer prefix")
                }
            }
            let manifests = Set(own.values.flatMap { folder in folder.manifests.map { folder.folder + $0 } })
            folders = own.values.sorted { $0.folder < $1.folder }
            dumps = found.filter { $0.manifest.map { !manifests.contains($0) } ?? true }.map(\.facts)
        }
    }
}
