import Catalog
import Domain
import Foundation
import Storage
import Synchronization
import Wire

@testable import CoordinatorCore

/// Stands for the bucket: a real store in a folder, whose calls can be made to fail, and which counts them.
final class Offsite: ObjectStore {
    let root: URL
    private let inner: DirectoryStore
    private let state = Mutex((calls: 0, failAt: Int?.none, isDown: false))
    private let readKeys = Mutex<[String]>([])

    init() throws {
        root = FileManager.default.temporaryDirectory.appending(path: "holdfast-\(UUID().uuidString)")
        // A bucket is there before its first object; 0700, since a store refuses what others may write to.
        try FileManager.default.createDirectory(
            at: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        inner = try DirectoryStore(root: root.path)
    }

    deinit {
        // Scratch: what cannot be removed is left to the system.
        try? FileManager.default.removeItem(at: root)
    }

    /// The n-th deletion from now on, and all after it, fail.
    func fail(at call: Int?) { state.withLock { $0 = (0, call, $0.isDown) } }

    var isDown: Bool {
        get { state.withLock { $0.isDown } }
        set { state.withLock { $0.isDown = newValue } }
    }

    /// A key whose object is listed, and cannot be read.
    var unreadable: String? {
        get { hidden.withLock { $0 } }
        set { hidden.withLock { $0 = newValue } }
    }

    private let hidden = Mutex<String?>(nil)

    /// What was read, in order.
    var reads: [String] { readKeys.withLock { $0 } }

    var keys: Set<String> {
        get throws { Set(try inner.list(prefix: "").map(\.key)) }
    }

    /// Bytes of all that lies there.
    var size: Int64 {
        get throws { try inner.list(prefix: "").reduce(0) { $0 + $1.bytes } }
    }

    func put(_ key: String, _ bytes: [UInt8]) throws {
        let file = root.appending(path: key)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }

    func remove(_ key: String) throws { try FileManager.default.removeItem(at: root.appending(path: key)) }

    private func check() throws(BackupError) {
        guard !isDown else { throw BackupError(.storageUnavailable, "the test took the store down") }
    }

    func beginUpload(_ key: String) throws(BackupError) -> any ObjectUpload { try inner.beginUpload(key) }

    func head(_ key: String) throws(BackupError) -> ObjectFacts {
        try check()
        return timeless(try inner.head(key))
    }

    func read(_ key: String, _ body: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) {
        try check()
        readKeys.withLock { $0.append(key) }
        guard key != unreadable else { throw BackupError(.storageUnavailable, "the test keeps \(key) from being read") }
        try inner.read(key, body)
    }

    func visit(prefix: String, _ body: ([ObjectFacts]) throws(BackupError) -> Void) throws(BackupError) {
        try check()
        try inner.visit(prefix: prefix) { (portion) throws(BackupError) in try body(portion.map(timeless)) }
    }

    /// The folder's clock is the real one, and the test's is not: but for what a test sets, nothing is said of times.
    private func timeless(_ facts: ObjectFacts) -> ObjectFacts {
        var facts = facts
        facts.modifiedAt = modified.withLock { $0[facts.key] }
        return facts
    }

    private let modified = Mutex<[String: Date]>([:])

    /// When the store says that the object was written.
    func setModified(_ time: Date, _ key: String) { modified.withLock { $0[key] = time } }

    func delete(_ key: String) throws(BackupError) {
        try check()
        let isDead = state.withLock { state in
            state.calls += 1
            return state.failAt.map { state.calls >= $0 } ?? false
        }
        guard !isDead else { throw BackupError(.storageUnavailable, "the test broke this deletion") }
        try inner.delete(key)
    }
}

extension Bench {
    /// A coordinator whose default destinations are `local` and a bucket.
    static func withBucket(
        _ offsite: Offsite, at start: String = "2026-03-01T00:00:00Z", environment: [String: String] = [:],
        _ change: (inout CoordinatorWorld) -> Void = { _ in }
    ) async throws -> Bench {
        try await Bench(
            environment: environment.merging(["BACKUP_S3_BUCKET": "acme-backups"]) { $1 }, at: start
        ) { world in
            world.openS3 = { (_) throws(BackupError) in offsite }
            world.presign = { (_, key, seconds) throws(BackupError) in
                "https://acme.example/\(key)?X-Amz-Expires=\(seconds)&X-Amz-Signature=CANARY-presigned"
            }
            change(&world)
        }
    }

    /// Lets the coordinator watch its clock for so long, of which it wakes only for the last day.
    func liveOn(_ seconds: TimeInterval) async throws {
        let watched = min(seconds, 86_400)
        for step in [seconds - watched, watched / 2, watched / 2] {
            clock.advance(step)
            try await coordinator.catalog.write { [now = clock.now] in try HighWater.note(now, in: $0) }
        }
    }
}
