import ArgumentParser
import CoordinatorClient
import Daemon
import Domain
import Foundation
import Wire

struct BackupCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Back up now; with --wait, until it is done and proven stored.",
        discussion: """
            With --wait it exits 1 unless every selected database has a complete backup.
            Examples:
              holdfast backup create --database inventorysync --wait
              holdfast backup create --type all --tier daily --wait --output report.json
            """)

    @Option(
        help: "What: database, application or all; by default databases, or with --database whatever has that name.")
    var type: BackupType?
    @Option(
        name: [.customLong("tier"), .customLong("backup-type")],
        help: "Kept as one of that tier: manual, hourly, daily, weekly, monthly.")
    var tier = Tier.manual
    @Option(help: "Only on this agent.", completion: Offered.agents) var agent: String?
    @Option(help: "Only this database.", completion: Offered.databases) var database: String?
    @Flag(help: "Wait until it has ended, and show how it goes.") var wait = false
    @Option(help: "Write a JSON report of the runs and backups to this file.", completion: .file()) var output: String?
    @Option(name: [.customShort("o"), .customLong("format")], help: "table for people, json for scripts.")
    var format = OutputFormat.table

    func run() async throws {
        if let output { try BackupReport.requirePlace(output) }
        let session = try OperatorSession()
        let requestedAt = Date()
        let request = BackupRequest(
            type: (type ?? (database == nil ? .database : .all)).rawValue, tier: tier, agent: agent,
            database: try database.map(Self.name))
        let started = try await session.client.startBackup(request)
        session.terminal.say(started.skipped.map { "not backed up: " + SafeText($0).text })
        if wait, let first = started.runs.first {
            session.terminal.sayOnWaiting("the backup", cancel: "holdfast run cancel \(ShortID.text(first.id))")
        }
        let runs =
            wait
            ? try await Follow(client: session.client, terminal: session.terminal).runs(started.runs) : started.runs

        var report = BackupReport(requestedAt: requestedAt, runs: runs, skipped: started.skipped)
        for id in wait ? runs.compactMap(\.backup) : [] {
            report.backups.append(try await session.client.backup(ShortID.full(id)).backup)
        }
        report.finishedAt = Date()
        if let output { try AtomicFile.write(output, Array((JSONText.of(report) + "\n").utf8), mode: 0o644) }
        switch format {
        case .json: try session.terminal.print(JSONText.of(report))
        case .table: try session.terminal.print(RunRendering.lines(runs, session.terminal.look))
        }
        for failure in RunRendering.failures(runs) { session.terminal.say(failure, .bad) }
        if let output { session.terminal.say("report: \(output)") }
        if runs.isEmpty { session.terminal.say("nothing was backed up: no database fits", .bad) }
        guard report.isSuccess(waited: wait) else { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    /// What is no name at all is a mistake of the command line, not of a file of settings.
    private static func name(_ text: String) throws -> DatabaseName {
        do throws(BackupError) {
            return try DatabaseName(text)
        } catch {
            throw BackupError(.usage, "--database: \(error.message)")
        }
    }
}
