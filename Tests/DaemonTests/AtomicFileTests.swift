import Daemon
import Domain
import Foundation
import Testing

@Suite struct AtomicFileTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    @Test func whatIsWrittenIsReadBackWithItsMode() throws {
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        try AtomicFile.write(folder.file("plan"), bytes, mode: 0o640)
        #expect(try AtomicFile.read(folder.file("plan"), limit: 1 << 20) == bytes)
        #expect(try folder.mode("plan") == 0o640)
        #expect(try folder.names == ["plan"], "nothing is left beside")
    }

    @Test func anOlderFileIsReplacedWithItsMode() throws {
        try AtomicFile.write(folder.file("plan"), [1, 2, 3], mode: 0o644)
        try AtomicFile.write(folder.file("plan"), [4])
        #expect(try AtomicFile.read(folder.file("plan"), limit: 10) == [4])
        #expect(try folder.mode("plan") == 0o600)
    }

    @Test func aLinkIsReplacedAndNeverFollowed() throws {
        try AtomicFile.write(folder.file("elsewhere"), [9])
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("plan"), withDestinationPath: folder.file("elsewhere"))
        #expect(throws: BackupError.self) { try AtomicFile.read(folder.file("plan"), limit: 10) }
        try AtomicFile.write(folder.file("plan"), [1])
        #expect(try AtomicFile.read(folder.file("elsewhere"), limit: 10) == [9])
        #expect(try AtomicFile.read(folder.file("plan"), limit: 10) == [1])
    }

    /// A writer was killed: what it left goes, and nothing else.
    @Test func whatAKilledWriterLeftIsSwept() throws {
        let (old, young) = (Date(timeIntervalSinceNow: -7200), Date(timeIntervalSinceNow: -3600))
        let left = [".plan.json.3w5e11264sgsf.tmp", ".0000000000000001.json.a.tmp"]
        let others = [
            "plan.json", ".plan.tmp", "plan.json.abc.tmp", ".plan.json.ABC.tmp", ".plan.json.abc.tmp.gz",
            ".plan.json.3w5e11264sgsfxyz.tmp",
        ]
        for name in left + others + [".young.abc.tmp"] {
            try AtomicFile.write(folder.file(name), [1])
            guard name != ".young.abc.tmp" else { continue }
            try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: folder.file(name))
        }
        try FileManager.default.createDirectory(
            atPath: folder.file(".folder.abc.tmp"), withIntermediateDirectories: false)
        AtomicFile.sweep(folder.file("."), olderThan: young)
        #expect(try folder.names == (others + [".young.abc.tmp", ".folder.abc.tmp"]).sorted())
        AtomicFile.sweep(folder.file("absent"), olderThan: young)
    }

    @Test func aWriteThatCannotEndLeavesTheOldFileAndNothingElse() throws {
        // A folder cannot be replaced by a file: the rename fails after everything else was done.
        try FileManager.default.createDirectory(atPath: folder.file("plan"), withIntermediateDirectories: false)
        #expect(throws: BackupError.self) { try AtomicFile.write(folder.file("plan"), [1]) }
        #expect(try folder.names == ["plan"])
    }

    @Test func aFileThatIsMissingOrTooLargeSaysSo() throws {
        #expect(
            try #require(throws: BackupError.self) { try AtomicFile.read(folder.file("no"), limit: 1) }.code
                == .notFound)
        try AtomicFile.write(folder.file("big"), [1, 2, 3])
        #expect(
            try #require(throws: BackupError.self) { try AtomicFile.read(folder.file("big"), limit: 2) }.code
                == .configuration)
    }

    @Test func aFIFOIsNoFileAndDoesNotHangTheReader() throws {
        try #require(mkfifo(folder.file("pipe"), 0o600) == 0)
        #expect(throws: BackupError.self) { try AtomicFile.read(folder.file("pipe"), limit: 10) }
    }
}

@Suite struct PrivateDirectoryTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    @Test func aFolderIsMadeWithThoseAboveIt() throws {
        try PrivateDirectory.ensure(folder.file("a/b/c"))
        #expect(try folder.mode("a/b/c") == 0o700)
        try PrivateDirectory.ensure(folder.file("a/b/c"))
    }

    @Test func aReadableFolderOfOursIsClosed() throws {
        try FileManager.default.createDirectory(
            atPath: folder.file("open"), withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        try PrivateDirectory.ensure(folder.file("open"))
        #expect(try folder.mode("open") == 0o700)
    }

    @Test(arguments: [0o777, 0o770, 0o722]) func aFolderThatOthersCanWriteToIsRefused(mode: Int) throws {
        try FileManager.default.createDirectory(atPath: folder.file("shared"), withIntermediateDirectories: false)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.file("shared"))
        let error = try #require(throws: BackupError.self) { try PrivateDirectory.ensure(folder.file("shared")) }
        #expect(error.code == .configuration)
        #expect(try folder.mode("shared") == mode, "it is left as it was found")
    }

    @Test func aLinkIsRefused() throws {
        try PrivateDirectory.ensure(folder.file("real"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("link"), withDestinationPath: folder.file("real"))
        let error = try #require(throws: BackupError.self) { try PrivateDirectory.ensure(folder.file("link")) }
        #expect(error.message.contains("is a link"))
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a folder away")) func anothersFolderIsRefused() throws {
        try PrivateDirectory.ensure(folder.file("theirs"))
        try #require(chown(folder.file("theirs"), 1234, 1234) == 0)
        let error = try #require(throws: BackupError.self) { try PrivateDirectory.ensure(folder.file("theirs")) }
        #expect(error.message.contains("1234"))
    }
}

@Suite struct LockFileTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }
    private let time = Date(timeIntervalSince1970: 1_768_442_400)

    @Test func aSecondHolderIsRefusedAndToldWhoHasIt() throws {
        let lock = try LockFile(path: folder.file("lock"), program: "holdfast-agent", now: time)
        let error = try #require(throws: BackupError.self) {
            try LockFile(path: folder.file("lock"), program: "another", now: time)
        }
        #expect(error.code == .busy)
        #expect(error.message.contains("holdfast-agent, process \(getpid()), since 2026-01-15T02:00:00Z"))
        lock.release()
    }

    @Test func aReleasedLockCanBeTakenAgain() throws {
        try LockFile(path: folder.file("lock"), program: "a rather long first holder", now: time).release()
        let second = try LockFile(path: folder.file("lock"), program: "second", now: time)
        let text = String(decoding: try AtomicFile.read(folder.file("lock"), limit: 1000), as: UTF8.self)
        #expect(text == "second, process \(getpid()), since 2026-01-15T02:00:00Z", "nothing of the first is left")
        second.release()
    }

    @Test func aPlantedLinkIsNotFollowed() throws {
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("lock"), withDestinationPath: folder.file("victim"))
        #expect(throws: BackupError.self) { try LockFile(path: folder.file("lock"), program: "x", now: time) }
        #expect(try folder.names == ["lock"])
    }
}
