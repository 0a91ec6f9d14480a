import Archive
import Domain
import Foundation
import Storage
import Threads
import Wire

/// Where one stored object lies, as a person names it: a path, `s3://bucket/key`, or `https://…`.
struct StoredPlace: Sendable {
    let store: any ObjectStore
    let key: String

    /// `say` hears how a bucket is reached, before it is.
    init(
        _ text: String, world: AgentWorld, plan: CachedPlan, stop: StopSignal, say: (String) -> Void
    ) throws(BackupError) {
        if text.hasPrefix("s3://") {
            let rest = text.dropFirst(5)
            guard let slash = rest.firstIndex(of: "/"), slash != rest.startIndex,
                rest.index(after: slash) < rest.endIndex
            else { throw BackupError(.usage, "\(text): an S3 place is s3://bucket/key") }
            let bucket = String(rest[..<slash])
            key = String(rest[rest.index(after: slash)...])
            let reach = BucketReach(
                bucket: bucket, key: key, environment: world.environment, plan: plan, now: world.now())
            say(reach.words)
            let region = reach.s3.region
            store = ReadableBucket(
                bucket: bucket,
                store: try S3Store(
                    configuration: S3Configuration(reach.s3), credentials: world.credentials(region: region),
                    now: world.now
                ).stopping(with: stop))
        } else if text.hasPrefix("https://") || text.hasPrefix("http://") {
            store = LinkedObject(url: text, stop: stop)
            key = URLComponents(string: text)?.path.split(separator: "/").last.map(String.init) ?? text
        } else {
            let url = URL(filePath: text).absoluteURL
            guard FileManager.default.fileExists(atPath: url.path) else {
                throw BackupError(.notFound, "\(text): no such file")
            }
            store = FolderFile(folder: url.deletingLastPathComponent())
            key = url.lastPathComponent
        }
    }

    var name: String { key.split(separator: "/").last.map(String.init) ?? key }
    /// One object behind an address, and nothing beside it.
    var isLink: Bool { store is LinkedObject }
    var isManifest: Bool { name.hasSuffix(".json") }

    /// The manifest has the object's stem: everything before its suffixes and `_globals`.
    var manifestKey: String? {
        BackupKeys.manifestName(beside: name).map { folder + $0 }
    }

    private var folder: String { String(key.dropLast(name.count)) }

    func reader(_ object: Manifest.Object, stop: StopSignal) -> ObjectReader {
        ObjectReader(object, in: store, key: folder + object.name, stop: stop)
    }
}

/// A bucket that is only read, by whoever runs the command: the host's own credentials may not.
private struct ReadableBucket: ReadingStore {
    let bucket: String
    let store: any ObjectStore

    func read(_ key: String, _ body: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) {
        do throws(BackupError) { try store.read(key, body) } catch {
            guard error.code == .storageRefused,
                ["AccessDenied (403)", "status 403"].contains(where: error.message.contains)
            else { throw error }
            throw BackupError(
                .storageRefused,
                "s3://\(bucket)/\(key) may not be read with these credentials (403). The host's own, which the agent backs up "
                    + "with, may only write, and are meant to: use ones that may read, for this one command. Set "
                    + "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or AWS_PROFILE, before it; the "
                    + "coordinator's may read. (A key that is not there is answered so, too, to who may not list)",
                cause: error.cause)
        }
    }
}

/// Files in a folder that Holdfast does not own, only read: no rights are demanded of it.
private struct FolderFile: ReadingStore {
    let folder: URL

    func read(_ key: String, _ body: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) {
        let path = folder.appending(path: key).path
        guard FileManager.default.fileExists(atPath: path) else {
            throw BackupError(.notFound, "\(path): no such file")
        }
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw BackupError(.storageRefused, "\(path) cannot be opened for reading")
        }
        while true {
            let chunk: Data?
            do { chunk = try file.read(upToCount: 1 << 20) } catch {
                throw BackupError(.storageUnavailable, "reading \(path)", cause: error)
            }
            guard let chunk, !chunk.isEmpty else { return }
            let taken: Result<Void, BackupError> = chunk.withUnsafeBytes { raw in
                Result { () throws(BackupError) in try body(raw) }
            }
            try taken.get()
        }
    }
}

/// One object by its link; nothing beside it can be found.
private struct LinkedObject: ReadingStore {
    let url: String
    let stop: StopSignal

    func read(_ key: String, _ body: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) {
        guard URLComponents(string: url)?.path.hasSuffix("/" + key) == true else {
            throw BackupError(.notFound, "\(key) is not behind this link")
        }
        try PresignedObject(url: url, ca: nil, name: key, stop: stop).read(body)
    }
}

/// A place that is only read from.
private protocol ReadingStore: ObjectStore {}

extension ReadingStore {
    private var refusal: BackupError { BackupError(.bug, "this place is only for reading") }
    func beginUpload(_ key: String) throws(BackupError) -> any ObjectUpload { throw refusal }
    func head(_ key: String) throws(BackupError) -> ObjectFacts { throw refusal }
    func visit(prefix: String, _ body: ([ObjectFacts]) throws(BackupError) -> Void) throws(BackupError) {
        throw refusal
    }
    func delete(_ key: String) throws(BackupError) { throw refusal }
}
