import Archive
import Domain
import Foundation
import Logging
import TestSupport
import Testing
import Wire

@testable import AgentCore

/// Runs on a real SQLite file and real directories, from the board to the spool.
@Suite(.timeLimit(.minutes(2))) struct RunServiceTests {
    @Test func aRunEndsInOneReportAndABackupThatStockToolsOpen() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        try await host.perform([host.job()])
        let reports = await host.reports
        #expect(reports.map(\.event) == [Word(.started), Word(.succeeded)])
        let manifest = try #require(reports.last?.manifest)
        let object = try #require(manifest.objects.first)
        let folder = host.paths.backups.appending(path: "host-1/database-backups")
        #expect(object.name == "dev%20db_db_daily_20260115_020000.db.gz")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
                object.name, "dev%20db_db_daily_20260115_020000.json",
            ])
        let stored = folder.appending(path: object.name)
        let sum = try await ProgramOutput.of("sha256sum", [stored.path])
        #expect(sum.text.hasPrefix(object.storedSha256))
        let restored = host.folder.appending(path: "out.db")
        let shell = try await ProgramOutput.of("sh", ["-c", "gunzip -c '\(stored.path)' > '\(restored.path)'"])
        #expect(shell.status == 0)
        let rows = try await ProgramOutput.of(
            "sqlite3", [restored.path, "PRAGMA integrity_check; SELECT count(*) FROM t"])
        #expect(rows.text == "ok\n1000\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: host.paths.runs.path).isEmpty)
    }

    /// One destination of two is not enough: the run fails, and the copy that is whole is told of.
    @Test func aFailedDestinationMakesThePartialBackupKnown() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let broken = Destination(name: "broken", directory: .init(path: "/proc/holdfast"))
        try await host.perform([host.job(destinations: [host.local, broken])])
        let report = try #require(await host.reports.last)
        #expect(report.event == Word(.failed))
        #expect(report.manifest != nil)
        #expect(report.destinations.filter(\.isComplete).map(\.destination) == ["local"])
        #expect(report.failure?.message.contains("1 of 2") == true)
    }

    @Test func aSourceThatFailsLeavesNothingAndIsTriedAgainOnlyWhenThatMayHelp() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        try FileManager.default.removeItem(at: host.database)
        try await host.perform([host.job()])
        let report = try #require(await host.reports.last)
        #expect(report.event == Word(.failed))
        #expect(report.manifest == nil)
        let files = FileManager.default.enumerator(atPath: host.paths.backups.path)?.allObjects as? [String] ?? []
        #expect(files.filter { $0.contains("dev") }.isEmpty)
    }

    /// Kill between the last commit and the manifest: the next start completes the backup.
    @Test func aSealedRunIsCompletedAfterAKill() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        try await host.perform([host.job()])
        let done = try #require(await host.reports.last)
        let manifest = try #require(done.manifest)
        let name = "dev%20db_db_daily_20260115_020000.json"
        let file = host.paths.backups.appending(path: "host-1/database-backups/\(name)")
        let bytes = [UInt8](try Data(contentsOf: file))
        try FileManager.default.removeItem(at: file)
        var complete = done.destinations
        complete[0].isComplete = false
        complete[0].objects.removeLast()
        let journal = try RunJournal(folder: host.paths.runs)
        try journal.write(
            .init(
                job: host.job(), attempt: 1, sequence: 1, leftovers: [],
                sealed: .init(manifest: Data(bytes), manifestName: name, complete: complete, failed: [])))
        try await host.perform([], awaiting: 3)
        let report = try #require(await host.reports.last)
        #expect(report.event == Word(.succeeded))
        #expect(report.manifest == manifest)
        #expect([UInt8](try Data(contentsOf: file)) == bytes)
        #expect(try journal.interrupted().isEmpty)
    }

    /// Kill while dumping: what was half done goes, and the run begins again as its second attempt.
    @Test func anInterruptedRunBeginsAgainAndLeavesNoOrphan() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let folder = host.paths.backups.appending(path: "host-1/database-backups")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for parent in [host.paths.backups, folder.deletingLastPathComponent()] {
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: parent.path)
        }
        let committed = folder.appending(path: "dev%20db_db_daily_20260115_020000.db.gz")
        try Data("without manifest".utf8).write(to: committed)
        try RunJournal(folder: host.paths.runs).write(
            .init(job: host.job(), attempt: 1, sequence: 1, leftovers: [], sealed: nil))
        try await host.perform([])
        let reports = await host.reports
        #expect(reports.map(\.attempt) == [2, 2])
        #expect(reports.last?.event == Word(.succeeded))
        #expect(!FileManager.default.fileExists(atPath: committed.path))
        let name = try #require(reports.last?.manifest?.objects.first?.name)
        #expect(name.wholeMatch(of: /dev%20db_db_daily_20260115_020000_[0-9a-f]{12}\.db\.gz/) != nil, "\(name)")
    }

    /// An orderly stop between two attempts loses no more than a kill there: the run is the next start's.
    @Test func aRunThatWaitsForItsNextAttemptIsLeftToTheNextStart() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let away = Destination(
            name: "away",
            s3: .init(bucket: "backups", region: "us-east-1", endpoint: "http://127.0.0.1:\(try FreePort.take())"))
        try await host.perform([host.job(destinations: [away])], awaiting: 1, retryDelay: 600, stops: true)
        let told = await host.reports
        #expect(told.map(\.event) == [Word(.started)], "\(told.compactMap(\.failure))")
        let kept = try RunJournal(folder: host.paths.runs).interrupted()
        #expect(kept.count == 1 && kept.first?.attempt == 1)
    }

    /// Fault 88: never two runs at once for one database.
    @Test func aSecondRunOfABusyDatabaseIsAnOverlap() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let board = RunBoard(journal: try RunJournal(folder: host.paths.runs))
        let job = try host.job()
        #expect(try await board.submit(job) == .accepted)
        #expect(try await board.submit(job) == .known)
        var other = job
        other.run = UUID()
        guard case .overlap = try await board.submit(other) else {
            Issue.record("a second run was admitted")
            return
        }
    }
}
