import Archive
import Catalog
import Domain
import Sealing
import Storage
import Threads
import Wire

/// Reads one copy of a backup again, from its stored bytes to its last plain one. Blocks; keeps nothing (P10).
struct CopyReader {
    let store: any ObjectStore
    let copy: CopyRecord
    let manifest: Manifest
    /// Looked at with every chunk, of stored bytes and of the plain ones that they make.
    let stop: StopSignal

    /// Throws `.integrity` or `.notFound` when the copy is not what the manifest says, `.storageUnavailable` when it could
    /// not be looked at, `.storageRefused` when it is more than may be read. `progress` hears of the stored bytes as they are read.
    func verify(_ progress: @escaping (Int) -> Void) throws(BackupError) {
        for object in manifest.objects { try ReadingRule.check(object) }
        try verifyManifest()
        for object in manifest.objects { try verify(object, progress) }
    }

    /// The manifest beside the objects must be the one that the catalog knows.
    private func verifyManifest() throws(BackupError) {
        guard let stored = copy.objects.last, stored.name.hasSuffix(".json") else {
            throw BackupError(.integrity, "the copy has no manifest")
        }
        let bytes = try store.get(copy.folder + stored.name, limit: Manifest.sizeLimit)
        guard hex(sha256(bytes)) == stored.sha256, try Manifest(decoding: bytes) == manifest else {
            throw BackupError(.integrity, "\(stored.name) is not what was written")
        }
    }

    private func verify(_ object: Manifest.Object, _ progress: @escaping (Int) -> Void) throws(BackupError) {
        guard object.encryption == nil else {
            throw BackupError(.configuration, "\(object.name) is encrypted; this release cannot read it")
        }
        let inspector = object.makeInspector()
        let totals = try ArchiveReader.decode(
            codec: .init(object.codec), plainLimit: object.plainBytes,
            read: { (body) throws(BackupError) in
                try store.read(copy.folder + object.name) { (chunk) throws(BackupError) in
                    try checkStop(object)
                    progress(chunk.count)
                    try body(chunk)
                }
            },
            to: { (plain) throws(BackupError) in
                // One stored chunk can make plain ones for hours.
                try checkStop(object)
                inspector?.consume(plain)
            })
        guard totals.storedBytes == object.storedBytes, totals.storedSHA256 == object.storedSha256 else {
            throw BackupError(.integrity, "\(object.name): the stored bytes are not those of the backup")
        }
        guard totals.plainBytes == object.plainBytes, totals.plainSHA256 == object.plainSha256 else {
            throw BackupError(.integrity, "\(object.name): what it decompresses to is not what was dumped")
        }
        _ = try inspector?.finish()
    }

    private func checkStop(_ object: Manifest.Object) throws(BackupError) {
        if stop.isStopped { throw BackupError(.cancelled, "verifying \(object.name)") }
    }
}
