import Domain
import Foundation
import Glibc
import Storage
import Testing

struct DirectoryStoreTests {
    private func files(below folder: URL) -> [String] {
        (FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []).sorted()
    }

    private func mode(_ url: URL) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? Int)
    }

    @Test func onlyTheOwnerMayLook() throws {
        try withTemporaryFolder { folder in
            let root = folder.appending(path: "new/root")
            try DirectoryStore(root: root.path).store("a/b", [1, 2, 3])
            #expect(try mode(root) == 0o700)
            #expect(try mode(root.appending(path: "a")) == 0o700)
            #expect(try mode(root.appending(path: "a/b")) == 0o600)
            #expect(files(below: root) == ["a", "a/b"])
        }
    }

    @Test func nothingIsVisibleBeforeCommitAndNothingIsLeftByAbort() throws {
        try withTemporaryFolder { folder in
            let store = try DirectoryStore(root: folder.path)
            let upload = try store.beginUpload("a/b")
            try upload.write([1, 2, 3])
            #expect(files(below: folder).contains { $0.hasSuffix(".partial") })
            #expect(try store.list(prefix: "") == [])
            #expect(code { _ = try store.head("a/b") } == .notFound)
            upload.abort()
            #expect(files(below: folder) == ["a"])
        }
    }

    @Test func aWorldWritableRootIsRefused() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
            #expect(code { _ = try DirectoryStore(root: folder.path) } == .storageRefused)
        }
    }

    /// A disk that is not mounted: an empty mount point, or a path that ends nowhere.
    @Test(arguments: [true, false]) func aPlaceThatIsAwayIsNoMissingObject(isMountPoint: Bool) throws {
        try withTemporaryFolder { folder in
            let root = folder.appending(path: "disk")
            let before = try DirectoryStore(root: root.path)
            #expect(files(below: folder) == [], "only an upload makes the root")
            try before.store("db-01/a", [1])
            let aside = folder.appending(path: "aside")
            try FileManager.default.moveItem(at: root, to: aside)
            if isMountPoint { try FileManager.default.createDirectory(at: root, withIntermediateDirectories: false) }
            for store in [before, try DirectoryStore(root: root.path)] {
                #expect(code { _ = try store.head("db-01/a") } == .storageUnavailable)
                #expect(code { _ = try store.get("db-01/a", limit: 9) } == .storageUnavailable)
                #expect(code { _ = try store.list(prefix: "db-01/") } == .storageUnavailable)
                #expect(code { try store.delete("db-01/a") } == .storageUnavailable)
            }
            if isMountPoint { try FileManager.default.removeItem(at: root) }
            #expect(!FileManager.default.fileExists(atPath: root.path), "nothing but an upload makes the root")
            try FileManager.default.moveItem(at: aside, to: root)
            #expect(try before.get("db-01/a", limit: 9) == [1])
            #expect(code { _ = try before.head("db-01/b") } == .notFound)
            try before.delete("db-01/b")
        }
    }

    @Test func linksBelowTheRootAreNeverFollowed() throws {
        try withTemporaryFolder { folder in
            let (root, outside) = (folder.appending(path: "root"), folder.appending(path: "outside"))
            let store = try DirectoryStore(root: root.path)
            try store.store("own", [1])
            try DirectoryStore(root: outside.path).store("secret", [9])
            try FileManager.default.createSymbolicLink(at: root.appending(path: "way"), withDestinationURL: outside)
            try FileManager.default.createSymbolicLink(
                at: root.appending(path: "file"), withDestinationURL: outside.appending(path: "secret"))
            #expect(code { try store.store("way/x", [1]) } == .storageRefused)
            #expect(code { _ = try store.get("way/secret", limit: 10) } == .storageRefused)
            #expect(code { _ = try store.get("file", limit: 10) } == .storageRefused)
            #expect(code { try store.store("file", [1]) } == .exists)
            #expect(code { try store.delete("way/secret") } == .storageRefused)
            #expect(try store.list(prefix: "").map(\.key) == ["own"])
            #expect(files(below: outside) == ["secret"])
        }
    }

    @Test(.timeLimit(.minutes(5))) func aPlantedPipeHoldsNobodyUp() throws {
        try withTemporaryFolder { folder in
            let store = try DirectoryStore(root: folder.path)
            #expect(mkfifo(folder.appending(path: "a").path, 0o600) == 0)
            #expect(code { _ = try store.get("a", limit: 10) } == .notFound)
            #expect(code { try store.store("a", [1]) } == .exists)
        }
    }

    @Test func bytesThatAreNotWhatWasMeantGetNoName() throws {
        try withTemporaryFolder { folder in
            let store = try DirectoryStore(root: folder.path)
            let upload = try store.beginUpload("a")
            try upload.write([1, 2, 3])
            #expect(code { _ = try upload.commit(bytes: 3, sha256: String(repeating: "0", count: 64)) } == .integrity)
            upload.abort()
            #expect(files(below: folder) == [])
        }
    }

    /// A small file system of one's own, where the one who tests may mount one.
    private static let mayMount: Bool = geteuid() == 0 && (try? withTinyDisk { _ in }) != nil

    private static func withTinyDisk(_ body: (URL) throws -> Void) throws {
        try withTemporaryFolder { folder in
            guard system("mount -t tmpfs -o size=64k,mode=700 tmpfs '\(folder.path)' 2>/dev/null") == 0 else {
                throw CocoaError(.fileWriteNoPermission)
            }
            defer { _ = system("umount '\(folder.path)'") }
            try body(folder)
        }
    }

    @Test(.enabled(if: mayMount, "needs the right to mount a tmpfs"))
    func aFullDiskIsSaidWithItsPathAndLeavesNothing() throws {
        try Self.withTinyDisk { folder in
            let store = try DirectoryStore(root: folder.path)
            let error = #expect(throws: BackupError.self) { try store.store("a/b", SeededRandom.bytes(300_000)) }
            #expect(error?.code == .storageRefused)
            #expect(error?.message.contains("\(folder.path)/a/b") == true)
            #expect(error?.message.contains("disk is full") == true)
            #expect(files(below: folder) == ["a"])
            try store.store("a/b", SeededRandom.bytes(30_000))
        }
    }

    @Test func leftPartialsAreSweptByAge() throws {
        try withTemporaryFolder { folder in
            let store = try DirectoryStore(root: folder.path)
            try store.store("a/b", [1])
            let left = folder.appending(path: "a/.0123.partial")
            try Data([1]).write(to: left)
            #expect(try store.sweepPartials(olderThan: Date(timeIntervalSinceNow: -3600)) == [])
            #expect(try store.sweepPartials(olderThan: Date(timeIntervalSinceNow: 3600)) == ["a/.0123.partial"])
            #expect(files(below: folder) == ["a", "a/b"])
        }
    }

    @Test(arguments: [
        "../x", "/x", "a//b", "a/./b", "a/../b", "", "a\0b", "a/", ".", String(repeating: "k", count: 1025),
    ])
    func hostileKeysAreRefused(key: String) throws {
        try withTemporaryFolder { folder in
            let store = try DirectoryStore(root: folder.appending(path: "root").path)
            #expect(code { try store.store(key, [1]) } == .usage)
            #expect(code { _ = try store.head(key) } == .usage)
            #expect(code { try store.delete(key) } == .usage)
            #expect(files(below: folder) == [])
        }
    }

    @Test func aRelativeRootIsRefused() {
        #expect(code { _ = try DirectoryStore(root: "backups") } == .configuration)
    }
}
