import Archive
import Catalog
import Domain
import Foundation
import Sealing
import Storage
import Wire

/// One manifest as it lies somewhere, with what lies beside it.
struct FoundManifest: Sendable {
    let manifest: Manifest
    /// Of the manifest's own bytes.
    let sha256: String
    /// When the store took it, by its own clock; nil where it does not tell.
    let storedAt: Date?
    /// The first folder of its key.
    let host: String
    /// What each place holds of it, as its agent would have reported.
    var results: [DestinationResult]

    /// What the folder at a place holds of this backup: complete when every object lies there in its size, and the manifest with them.
    static func result(
        _ manifest: Manifest, named name: String, sha256: String, at destination: String, folder: String,
        _ files: [String: ObjectFacts]
    ) -> DestinationResult? {
        var objects: [DestinationResult.StoredObject] = []
        for object in manifest.objects {
            guard let facts = files[object.name], facts.bytes == object.storedBytes else { continue }
            objects.append(
                .init(name: object.name, bytes: object.storedBytes, sha256: object.storedSha256, etag: facts.etag))
        }
        guard let own = files[name] else { return nil }
        let isComplete = objects.count == manifest.objects.count
        objects.append(.init(name: name, bytes: own.bytes, sha256: sha256, etag: own.etag))
        return DestinationResult(
            destination: destination, isComplete: isComplete, folder: folder, objects: objects,
            error: isComplete ? nil : "not all of its objects lie beside the manifest")
    }
}

/// A folder of one host's backups in a store, as it was listed: `<prefix><host>/<database-backups|application-backups>/`.
struct ListedFolder: Sendable {
    let host: String
    let folder: String
    var files: [String: ObjectFacts] = [:]

    var manifests: [String] { files.keys.filter { $0.hasSuffix(".json") }.sorted() }

    /// The folder that this key lies in; nil for what lies in none of ours.
    init?(of key: String, prefix: String) {
        let parts = key.dropFirst(prefix.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, BackupKeys.folders.contains(String(parts[1])), !parts[0].isEmpty else { return nil }
        (host, folder) = (String(parts[0]), "\(prefix)\(parts[0])/\(parts[1])/")
    }

    /// All that lies below a prefix, by folder. Blocks.
    static func all(in store: any ObjectStore, prefix: String) throws(BackupError) -> [ListedFolder] {
        var folders: [String: ListedFolder] = [:]
        try store.visit(prefix: prefix) { (portion) throws(BackupError) in
            for facts in portion {
                guard let folder = ListedFolder(of: facts.key, prefix: prefix) else { continue }
                let name = String(facts.key.dropFirst(folder.folder.count))
                folders[folder.folder, default: folder].files[name] = facts
            }
        }
        return folders.values.sorted { $0.folder < $1.folder }
    }
}
