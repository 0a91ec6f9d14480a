import Domain
import Foundation
import Testing
import Wire

@testable import AgentCore

@Suite(.timeLimit(.minutes(1))) struct RunReporterTests {
    /// The disk is full for a minute just when a run ends: its end is told later, and once.
    @Test func anEndThatCouldNotBeWrittenIsToldLater() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let job = try host.job()
        let reporter = RunReporter(
            live: LiveRun(job: job, firstAttempt: 1, sequence: 0, leftovers: []), world: host.world,
            journal: try RunJournal(folder: host.paths.runs), spool: host.spool)
        try await reporter.tell()
        #expect(await host.reports.isEmpty && !reporter.isDecided)
        try FileManager.default.removeItem(at: host.paths.runs)
        let failure = BackupError(.sourceRefused, "no such table")
        let outcome = AttemptOutcome(manifest: nil, destinations: [], failure: failure)
        await #expect(throws: BackupError.self) { try await reporter.failed(outcome, failure, stopped: false) }
        #expect(await host.reports.isEmpty && reporter.isDecided)
        try FileManager.default.createDirectory(at: host.paths.runs, withIntermediateDirectories: true)
        try await reporter.tell()
        #expect(await host.reports.map(\.event) == [Word(.failed)])
        #expect(try FileManager.default.contentsOfDirectory(atPath: host.paths.runs.path) == [])
    }

    /// A host whose clock is wrong still does what is asked of it now, and not what was asked for long ago.
    @Test func aCommandHoldsAsLongAsTheCoordinatorMeant() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let desk = try CommandDesk(
            folder: host.paths.commands, world: host.world, spool: host.spool,
            journal: try RunJournal(folder: host.paths.runs))
        let clock = host.world.now() - 2 * 86_400
        let command = Command(id: UUID(), expiresAt: clock + 3600, order: .cancel(UUID()))
        try await desk.receive(command, clock: clock)
        var queue = desk.queue.makeAsyncIterator()
        #expect(await queue.next()?.expiresAt == host.world.now() + 3600)
    }
}
