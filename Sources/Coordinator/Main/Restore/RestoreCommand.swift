import Archive
import ArgumentParser
import CoordinatorClient
import Daemon
import Domain
import Foundation
import Wire

struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Restore a backup: beside what is there, unless told otherwise.",
        discussion: """
            Without --to, a new database (or SQLite file) NAME_restored_TIME is made beside the source; what is there is \
            not touched. Files and settings go to restored/NAME_restored_TIME in the agent's data directory, and keep their \
            whole path below the folder (--to /etc/app --force makes /etc/app/etc/app), unless --strip drops folders. Replacing \
            an existing target needs --to, --force and a confirmation: its name, typed, or --yes where nobody can be asked; \
            the old one is kept beside. Checksums are compared before a byte reaches a database. Without an id, on a \
            terminal: shows the newest 20 good backups, of --database and --agent if given, and asks.

            What of a PostgreSQL dump cannot be made is listed, with its reason and what can be done, and the rest is there: \
            --exit-on-error restores all or nothing. What lacks something replaces nothing, unless --force is given twice.

            Where the agent connects as superuser, the dump is loaded by a role of lesser rights, made for it: what only a \
            superuser can make is made when the backup is that host's own, and else named as missing.

            Exit 0 restored, 1 restored but for what is named, 3 the stored bytes are not what they must be, 4 the target exists, 5 no such backup, \
            6 the coordinator or the agent does not answer, 13 the agent is offline, 130 not confirmed.

            Examples:
              holdfast restore
              holdfast restore --agent db-01 --database inventorysync
              holdfast restore 7f3a90c2
              holdfast restore s3://acme-backups/db-01/database-backups/inventorysync_db_daily_20260115_020000.sql.gz
              holdfast restore 7f3a90c2 --agent db-02 --to inventorysync_test
              holdfast restore 7f3a90c2 --path /etc/app/app.conf --strip 2 --to /tmp/app     (makes /tmp/app/app.conf)
              holdfast restore 7f3a90c2 --to inventorysync --force         (asks for the name)
              holdfast restore 7f3a90c2 --to inventorysync --force --yes   (a script's confirmation)
              holdfast restore list                                        (what was replaced, and is kept)
            """)

    @Argument(
        help: """
            The backup's id, or the beginning of it; or the path of one of its objects or of its manifest: s3://bucket/key, a path \
            on its host, or the file's name.
            """, completion: Offered.backups)
    var backup: String?
    @Option(help: "The same, as a path.", completion: .file()) var backupPath: String?
    @Option(
        help: "The agent that restores; by default the one that made the backup. Without an id: only its backups.",
        completion: Offered.agents)
    var agent: String?
    @Option(help: "Without an id: only backups of this database.", completion: Offered.databases) var database: String?
    @Option(help: "A database's name, or a path for SQLite and files.", completion: Offered.databases) var to: String?
    @Option(
        name: .customLong("path"),
        help: "Files: only this file or folder, by its path on its host (may be given again).")
    var paths: [String] = []
    @Option(help: "Files: drop so many folders from the beginning of each path.") var strip = 0
    @Option(help: "Only these tables (not possible yet).") var tables: String?
    @Flag(
        help: """
            Replace an existing target, once that is confirmed. Checks are never skipped by it. Given twice, what lacks \
            something may replace it, too.
            """)
    var force: Int
    @Flag(help: "All or nothing: restore nothing if anything of the backup cannot be made.") var exitOnError = false
    @Flag(
        help: """
            Load under the database's own name from the beginning, which some extensions demand (pg_cron). With --force what \
            has the name is set aside before, so that there is no such database meanwhile; what the database runs by itself \
            may begin while it loads.
            """)
    var intoOriginalName = false
    @Flag(help: "Confirm without being asked.") var yes = false
    @Flag(help: "Restore even if the stored bytes are not what was backed up. Dangerous.") var skipChecksum = false
    @Flag(help: "Restore PostgreSQL's roles and tablespaces too, before the database.") var globals = false
    @Flag(
        help: """
            Make the roles that the backup needs and the server lacks, without passwords: nobody can log in as one (NOLOGIN). \
            --globals makes them as they were.
            """)
    var createRoles = false
    @Flag(
        help: """
            Load all of the backup with the rights of the agent's connection, a superuser's too. Whoever could write it can \
            then run programs there. Needed for what only a superuser can make, when another host made the backup. The host's \
            agent.yaml has to permit it (allow.trustOrigin).
            """)
    var trustOrigin = false
    @OptionGroup var output: OutputOptions

    private var id: String? { backup ?? backupPath.map(BackupByPath.asPath) }

    func validate() throws {
        guard backup == nil || backupPath == nil else {
            throw ValidationError("name the backup once: by its id, or with --backup-path")
        }
        guard tables == nil else {
            throw ValidationError(
                "--tables is not possible yet: restore the whole backup beside, and copy what you need")
        }
        guard to == nil || !intoOriginalName else {
            throw ValidationError("--into-original-name says where to: leave out --to")
        }
        guard to != nil || force == 0 || id != nil else {
            throw ValidationError("--force replaces what is there: say what with --to, or which backup with an id")
        }
        guard id == nil || database == nil else {
            throw ValidationError("an id says which backup: leave out --database")
        }
        guard to?.isEmpty != true else { throw ValidationError("--to is empty") }
    }

    func run() async throws {
        let session = try OperatorSession()
        let choice = RestoreChoice(client: session.client, terminal: session.terminal)
        let detail = try await choice.backup(id, agent: agent, database: database)
        let plan = RestorePlan(
            backup: detail.backup, agent: agent, target: to, replace: force > 0 && (to != nil || intoOriginalName),
            skipChecksum: skipChecksum, globals: globals, trustOrigin: trustOrigin, paths: paths, strip: strip,
            notes: detail.manifest.notes ?? [],
            manner: RestoreManner(
                exitOnError: exitOnError ? true : nil, replaceIncomplete: force > 1 ? true : nil,
                intoOriginalName: intoOriginalName ? true : nil, createRoles: createRoles ? true : nil))
        session.terminal.say(plan.lines(now: Date(), session.terminal.talkLook))
        let host = try await session.client.agent(plan.agent ?? plan.backup.agent)
        guard host.state != .revoked else {
            throw BackupError(.usage, RestoreChoice.advice(forRevoked: host.name, detail))
        }
        if !yes { try choice.confirm(plan, wasChosen: id == nil) }

        let started = try await session.client.restore(ShortID.full(detail.backup.id), plan.options)
        if let words = started.message { session.terminal.say(SafeText(words).text, .warning) }
        session.terminal.sayOnWaiting("the restore", cancel: "holdfast operation cancel \(ShortID.text(started.id))")
        let ended = try await Follow(client: session.client, terminal: session.terminal).operations([started])
        guard let operation = ended.first else { throw BackupError(.bug, "the restore vanished") }
        guard operation.state == .succeeded else {
            if output.format == .json { try session.terminal.print(JSONText.of(operation)) }
            session.terminal.say("not restored: " + SafeText(OperationEnd.words(operation)).text, .bad)
            throw ExitCode(OperationEnd.status(operation).rawValue)
        }
        try output.show(operation, session.terminal) { look in
            let words = operation.message ?? "restored to \(operation.restoredTo ?? "the target")"
            let took = operation.tookSeconds.map { " (took \(Quantity.clock($0)))" } ?? ""
            return [look.tinted(SafeText(words + took).text, operation.failure == nil ? .good : .warning)]
        }
        // It is there, and lacks something: the message says what.
        if operation.failure != nil { throw ExitCode(1) }
    }
}
