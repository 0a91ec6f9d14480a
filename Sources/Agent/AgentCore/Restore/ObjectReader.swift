import Archive
import Deflate
import Domain
import Engines
import Sealing
import Storage
import Threads
import Transfer
import Wire

/// Reads one stored object back: from a directory or any store, or by a presigned URL.
struct ObjectReader: Sendable {
    let object: Manifest.Object
    /// Hands out the stored bytes in order. Blocks.
    let stored: DecodedSource
    private let stop: StopSignal

    init(_ object: Manifest.Object, in store: any ObjectStore, key: String, stop: StopSignal) {
        self.init(object: object, stop: stop) { (body) throws(BackupError) in try store.read(key, body) }
    }

    /// Throws `.usage` when the source says neither, `.forbidden` when this host does not allow it.
    init(
        _ source: ObjectSource, destinations: DestinationOpener, links: RestoreLinks? = nil, stop: StopSignal
    ) throws(BackupError) {
        try destinations.limits.requireReadable(source)
        if let directory = source.directory, let key = source.key {
            let store = try destinations.open(Destination(name: "local", directory: directory), stop: stop)
            self.init(source.object, in: store, key: key, stop: stop)
            return
        }
        guard let url = source.url else {
            throw BackupError(.usage, "\(source.object.name) can be read neither from a directory nor by a URL")
        }
        let presigned = PresignedObject(url: url, ca: source.ca, name: source.object.name, stop: stop, links: links)
        self.init(object: source.object, stop: stop) { (body) throws(BackupError) in try presigned.read(body) }
    }

    private init(object: Manifest.Object, stop: StopSignal, stored: @escaping DecodedSource) {
        self.object = object
        self.stop = stop
        self.stored = stored
    }

    /// Reads all stored bytes and compares size and SHA-256 with the manifest (L1). Throws `.integrity`.
    func checkStored(progress: (Int) -> Void) throws(BackupError) {
        let hasher = SHA256Hasher()
        var bytes: Int64 = 0
        try stored { (chunk) throws(BackupError) in
            if stop.isStopped { throw BackupError(.cancelled, "stopped while reading \(object.name)") }
            hasher.update(chunk)
            bytes += Int64(chunk.count)
            progress(chunk.count)
        }
        let digest = hex(hasher.finish())
        guard bytes == object.storedBytes, digest == object.storedSha256 else {
            throw BackupError(
                .integrity,
                "\(object.name) is not what was stored: \(bytes) bytes with SHA-256 \(digest), "
                    + "the manifest says \(object.storedBytes) bytes with \(object.storedSha256)")
        }
    }

    /// Decodes all the way to the plain bytes and compares both digests with the manifest at the end; `check: false` only
    /// decodes. An object without digests (opened without its manifest) is only decoded.
    func decode(
        check: Bool = true, _ body: (UnsafeRawBufferPointer) throws(BackupError) -> Void
    ) throws(BackupError) {
        let reader = try ArchiveReader(codec: Codec(object.codec), plainLimit: check ? object.plainBytes : .max)
        try stored { (chunk) throws(BackupError) in
            try reader.take(chunk) { (plain) throws(BackupError) in
                // One stored chunk can make plain ones for hours.
                if stop.isStopped { throw BackupError(.cancelled, "stopped while reading \(object.name)") }
                try body(plain)
            }
        }
        let result = try reader.finish()
        guard check else { return }
        guard result.storedSHA256 == object.storedSha256, result.plainSHA256 == object.plainSha256,
            result.plainBytes == object.plainBytes
        else {
            throw BackupError(.integrity, "\(object.name) decodes to other bytes than were backed up")
        }
    }
}
