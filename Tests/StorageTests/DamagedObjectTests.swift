import Domain
import Foundation
import Storage
import TestSupport
import Testing
import Threads

/// What a store took and holds as other bytes, and what is stopped in the middle.
@Suite(.timeLimit(.minutes(2))) struct DamagedObjectTests {
    typealias Fault = ScriptedS3.Fault

    /// The name is taken by the damaged one, so another try could only find it there and take it for its own.
    @Test func anObjectOfOtherBytesIsNotTakenForStored() throws {
        let fault = Fault(op: "PutObject", do: "etag", etag: "\"\(String(repeating: "0", count: 32))\"")
        let server = try ScriptedS3(faults: [fault])
        #expect(code { try server.store().store("a", S3UploadFaultTests.small) } == .integrity)
        #expect(try server.state().count("PutObject") == 1)
    }

    /// Many uploads that a crash left do not each wait for a store that is away: nothing begins before that is over.
    @Test func aStoreThatIsAwayIsAskedOnceForAllThatACrashLeft() throws {
        let server = try ScriptedS3(["--down-for", "3600"])
        let journal = MemoryUploadJournal()
        let store = try server.store(journal: journal) { $0.retry.budget = .milliseconds(300) }
        // Known under the very name of the store: as this store would have written them.
        for key in ["a", "b", "c", "d"] {
            journal.write(
                UploadRecord(store: "http://127.0.0.1:\(server.process.port)/bucket", key: key, uploadID: "u"))
        }
        let began = ContinuousClock.now
        #expect(code { _ = try store.abortOrphans() } == .storageUnavailable)
        #expect(journal.records().count == 4 && journal.records().allSatisfy(\.isGivenUp))
        #expect(began.duration(to: .now) < .seconds(60))
    }

    @Test func aStopEndsTheReReadingOfAFileAndLeavesNothing() throws {
        try withTemporaryFolder { folder in
            let stop = StopSignal()
            let root = folder.appending(path: "root")
            let upload = try DirectoryStore(root: root.path, stop: stop).beginUpload("a")
            try upload.write([1, 2, 3])
            stop.stop()
            #expect(code { _ = try upload.commit(bytes: 3, sha256: "") } == .cancelled)
            upload.abort()
            #expect(try FileManager.default.contentsOfDirectory(atPath: root.path) == [])
        }
    }
}
