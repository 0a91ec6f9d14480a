import Archive
import Domain
import Foundation
import Sealing
import Storage
import TestSupport
import Testing
import Wire

@testable import AgentCore

/// Which names an attempt's objects get: plain ones where that is safe, and else ones that nobody can guess.
@Suite(.timeLimit(.minutes(3))) struct NameTests {
    private static let folder = "host-1/database-backups/"
    private static let stem = "dev%20db_db_daily_20260115_020000"
    private static let mayOnlyWrite =
        #"{"op": "HeadObject", "times": 999, "do": "status", "status": 403, "code": "AccessDenied"}"#

    /// The token of a stem; nil for a plain one.
    private func token(_ report: RunReport) throws -> String? {
        let name = try #require(report.manifest?.objects.first?.name)
        let match = try #require(name.wholeMatch(of: /dev%20db_db_daily_20260115_020000(?:_([0-9a-f]{12}))?\.db\.gz/))
        return match.1.map(String.init)
    }

    private func files(_ host: AgentHost) throws -> [String] {
        try RegularFiles.below(host.paths.backups.appending(path: Self.folder))
    }

    @Test func aFreeNameStaysAsItIs() async throws {
        let (host, bucket) = (try await AgentHost(), try AgentBucket())
        defer {
            host.remove()
            bucket.stop()
        }
        try await host.perform([host.job(destinations: [host.local, bucket.destination])])
        let report = try #require(await host.reports.last)
        #expect(report.event == Word(.succeeded))
        #expect(try token(report) == nil)
        #expect(try await bucket.state().violations == [])
    }

    /// One name that is taken at one place, the manifest's or an object's: the backup is whole at both, under another name, and
    /// made once.
    @Test(arguments: [".json", ".db.gz"]) func aNameTakenAtOneDestinationIsTakenAtNone(_ suffix: String) async throws {
        let (host, bucket) = (try await AgentHost(), try AgentBucket())
        defer {
            host.remove()
            bucket.stop()
        }
        let taken = Self.folder + Self.stem + suffix
        try bucket.put(taken, "a squatter's")
        try await host.perform([host.job(destinations: [host.local, bucket.destination])])
        let reports = await host.reports
        #expect(reports.map(\.event) == [Word(.started), Word(.succeeded)])
        let last = try #require(reports.last)
        let token = try #require(try token(last))
        let objects = try await bucket.state().objects
        #expect(objects[taken]?.sha256 == hex(sha256(Array("a squatter's".utf8))))
        let own = objects.keys.filter { $0 != taken }.map { String($0.dropFirst(Self.folder.count)) }.sorted()
        #expect(own == ["\(Self.stem)_\(token).db.gz", "\(Self.stem)_\(token).json"])
        #expect(try files(host) == own)
    }

    /// The manifest's key is the same whatever the compression: an earlier run's is no manifest of ours.
    @Test func aManifestUnderAnotherSuffixIsNoManifestOfOurs() async throws {
        // Who may not look learns only by the write, at a store that is known to refuse it.
        let (host, bucket) = (try await AgentHost(), try AgentBucket(faults: "[\(Self.mayOnlyWrite)]"))
        defer {
            host.remove()
            bucket.stop()
        }
        let (key, bytes) = (Self.folder + Self.stem + ".json", Array("a manifest".utf8))
        try bucket.put(key, "another manifest")
        #expect(throws: BackupError.self) {
            try DestinationWriter.put(
                bucket.store(), key, bytes, sha256: hex(sha256(bytes)), mayBeThere: false)
        }
        // In a directory it is looked at, and the run goes on under another name.
        try await host.perform([host.job()])
        var other = try host.job()
        (other.run, other.entry.compression) = (UUID(), .none)
        try await host.perform([other], awaiting: 4)
        let report = try #require(await host.reports.last)
        #expect(report.event == Word(.succeeded))
        let name = try #require(report.manifest?.objects.first?.name)
        #expect(name.wholeMatch(of: /dev%20db_db_daily_20260115_020000_[0-9a-f]{12}\.db/) != nil, "\(name)")
        #expect(try files(host).count == 4)
    }

    /// A store that may ignore the condition, and credentials that may not look: nobody must be able to guess the name.
    @Test func whoMayNotLookUsesATokenFromTheFirstNameOn() async throws {
        let (host, bucket) = (try await AgentHost(), try AgentBucket(faults: "[\(Self.mayOnlyWrite)]"))
        defer {
            host.remove()
            bucket.stop()
        }
        try await host.perform([host.job(destinations: [bucket.destination])])
        let report = try #require(await host.reports.last)
        #expect(report.event == Word(.succeeded) && report.attempt == 1)
        #expect(try token(report) != nil)
        #expect(try await bucket.state().objects.count == 2)
    }

    /// Taken while the dump was made, by somebody who knows the plain name.
    @Test(arguments: [0, 1]) func aNameThatIsTakenInTheMeantimeIsFollowedByOneThatCannotBe(_ skip: Int) async throws {
        let host = try await AgentHost()
        let bucket = try AgentBucket(faults: #"[{"op": "PutObject", "skip": \#(skip), "do": "squatted"}]"#)
        defer {
            host.remove()
            bucket.stop()
        }
        try await host.perform([host.job(destinations: [host.local, bucket.destination])], awaiting: skip == 0 ? 3 : 2)
        let last = try #require(await host.reports.last)
        if skip == 0 {
            #expect(last.event == Word(.succeeded) && last.attempt == 2)
            let token = try #require(try token(last))
            #expect(try files(host) == ["\(Self.stem)_\(token).db.gz", "\(Self.stem)_\(token).json"])
        } else {
            // The manifest's, between the last look and its own write: nothing is called whole that is not.
            #expect(last.event == Word(.failed))
            #expect(last.destinations.filter(\.isComplete).map(\.destination) == ["local"])
        }
        #expect(try await bucket.state().unplayed == 0)
    }

    /// What was stored is replaced before we look at it again.
    @Test func anObjectThatIsReplacedUnderUsIsNoSuccess() async throws {
        let host = try await AgentHost()
        let bucket = try AgentBucket(faults: #"[{"op": "PutObject", "do": "replaced"}]"#)
        defer {
            host.remove()
            bucket.stop()
        }
        try await host.perform([host.job(destinations: [bucket.destination])], awaiting: 3)
        let last = try #require(await host.reports.last)
        #expect(last.event == Word(.succeeded) && last.attempt == 2)
        #expect(try token(last) != nil)
        // The other's object is not ours to delete: it is named to nobody.
        #expect(last.destinations.map(\.isComplete) == [true], "\(last.destinations)")
    }

    /// Killed while its objects were committed under a token: the next start knows them, and goes on under another.
    @Test func theJournalKeepsTheToken() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        try await host.perform([host.job()])
        let folder = host.paths.backups.appending(path: Self.folder)
        let orphan = folder.appending(path: "\(Self.stem)_0123456789ab.db.gz")
        try Data("without manifest".utf8).write(to: orphan)
        var job = try host.job()
        job.run = UUID()
        try RunJournal(folder: host.paths.runs).write(
            .init(
                job: job, attempt: 1, sequence: 1, leftovers: [], sealed: nil, hasNames: true, token: "0123456789ab"))
        try await host.perform([], awaiting: 4)
        let report = try #require(await host.reports.last)
        #expect(report.event == Word(.succeeded) && report.attempt == 2)
        let token = try #require(try token(report))
        #expect(token != "0123456789ab")
        #expect(
            try files(host)
                == [
                    "\(Self.stem).db.gz", "\(Self.stem).json", "\(Self.stem)_\(token).db.gz",
                    "\(Self.stem)_\(token).json",
                ].sorted())
    }

    /// Killed before it had chosen its names: what lies under the plain ones is not its own.
    @Test func anAttemptWithoutNamesLeftNothing() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        try await host.perform([host.job()])
        let others = host.paths.backups.appending(path: Self.folder + Self.stem + ".db.gz")
        try FileManager.default.removeItem(at: host.paths.backups.appending(path: Self.folder + Self.stem + ".json"))
        var job = try host.job()
        job.run = UUID()
        try RunJournal(folder: host.paths.runs).write(
            .init(job: job, attempt: 1, sequence: 1, leftovers: [], sealed: nil, hasNames: false))
        try await host.perform([], awaiting: 4)
        #expect(await host.reports.last?.event == Word(.succeeded))
        #expect(FileManager.default.fileExists(atPath: others.path))
    }

    /// A manifest that cannot be looked at is not known to be absent: nothing goes (C12).
    @Test func onlyAProvenAbsenceOfTheManifestIsOne() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        try await host.perform([host.job()])
        let folder = host.paths.backups.appending(path: Self.folder)
        let (object, manifest) = (
            folder.appending(path: Self.stem + ".db.gz"), folder.appending(path: Self.stem + ".json")
        )
        try FileManager.default.moveItem(at: manifest, to: host.folder.appending(path: "manifest"))
        // Opened, it is an error that is no absence.
        try FileManager.default.createSymbolicLink(
            at: manifest, withDestinationURL: host.folder.appending(path: "manifest"))
        try RunJournal(folder: host.paths.runs).write(
            .init(job: host.job(), attempt: 1, sequence: 1, leftovers: [], sealed: nil))
        try await host.perform([], awaiting: 4)
        let report = try #require(await host.reports.last)
        #expect(report.event == Word(.succeeded))
        #expect(FileManager.default.fileExists(atPath: object.path))
    }

    /// Killed after the seal, and the place is away at the start: what is complete is not thrown away (C5).
    @Test func aSealedRunWaitsForItsPlace() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        try await host.perform([host.job()])
        let done = try #require(await host.reports.last)
        let file = host.paths.backups.appending(path: Self.folder + Self.stem + ".json")
        let bytes = [UInt8](try Data(contentsOf: file))
        try FileManager.default.removeItem(at: file)
        var complete = done.destinations
        complete[0].isComplete = false
        complete[0].objects.removeLast()
        let sealed = RunJournal.Sealed(
            manifest: Data(bytes), manifestName: Self.stem + ".json", complete: complete, failed: [])
        try RunJournal(folder: host.paths.runs).write(
            .init(job: host.job(), attempt: 1, sequence: 1, leftovers: [], sealed: sealed, hasNames: true))
        let away = host.folder.appending(path: "away")
        try FileManager.default.moveItem(at: host.paths.backups, to: away)

        // Another run of the same database, to elsewhere, waits for nothing.
        var other = try host.job(destinations: [Destination(name: "b", directory: .init(path: host.folder.path + "/b"))]
        )
        other.run = UUID()
        let second = other
        async let ended: Void = host.perform([second], awaiting: 5)
        try await eventually("the other run has ended") {
            await host.reports.contains { $0.run == second.run && $0.event == Word(.succeeded) } ? true : nil
        }
        #expect(await host.reports.count == 4, "nothing is decided of the one that waits")
        try FileManager.default.moveItem(at: away, to: host.paths.backups)
        try await ended
        let report = try #require(await host.reports.last)
        #expect(report.run == done.run && report.event == Word(.succeeded) && report.manifest == done.manifest)
        #expect([UInt8](try Data(contentsOf: file)) == bytes)
        #expect(try RunJournal(folder: host.paths.runs).interrupted().isEmpty)
    }
}
