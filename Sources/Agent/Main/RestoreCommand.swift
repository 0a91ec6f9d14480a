import AgentCore
import Archive
import ArgumentParser
import Daemon
import Domain
import Engines
import Foundation
import Threads

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Break glass: restore on this host without any coordinator.",
        discussion: """
            Takes a manifest (….json), a dump with its manifest beside it, or s3://bucket/key. Restores beside what is there:
            into <name>_restored_<time>, unless --to names a target. Replacing an existing one needs --force and a
            confirmation: its name, typed, or --yes where nobody can be asked. What was there is kept beside.

            s3:// needs no more than the key: endpoint, region, CA and path style are those of the agent's plan, as it lies in its data
            directory, however old, unless AWS_ENDPOINT_URL, AWS_REGION or AWS_CA_BUNDLE say otherwise. Credentials are those of
            this shell; where it has none, those in /etc/holdfast/agent.env, which as a rule may write and not read: then set
            AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, of somebody who may.

            Exit status: 0 restored, 1 restored but for what is named, 3 the bytes are not what was backed up, 4 the target exists, 5 not found, others as for
            `holdfast`.

            Examples:
              holdfast-agent restore /var/lib/holdfast-agent/backups/db-01/database-backups/shop_db_daily_20260115_020000.json
              holdfast-agent restore shop_db_daily_20260115_020000.sql.gz --url postgres://postgres@localhost/shop --to shop2
              holdfast-agent restore s3://acme-backups/db-01/database-backups/dev_db_daily_20260115_020000.json \\
                --to /tmp/dev.db
              AWS_PROFILE=backup-reader holdfast-agent restore s3://acme-backups/db-01/database-backups/shop_db_daily_20260115_020000.json
              holdfast-agent restore settings_app_20260118_020000.json --path /etc/app/app.conf --strip 2 --to /tmp/app
            """)

    @Argument(
        help: "A manifest, or the objects of one backup: paths, s3://bucket/key or https:// links.",
        completion: .file())
    var places: [String]

    @Option(
        help: "A new database's name, or a path; default: <name>_restored_<time> beside the source.",
        completion: .file())
    var to: String?

    @Option(help: "The PostgreSQL server to restore into (postgres://… or env:NAME); default: as agent.yaml says.")
    var url: String?

    @Option(help: "age identity file, for encrypted backups.", completion: .file())
    var identity: String?

    @Option(
        name: .customLong("path"),
        help: "Files: only this file or folder, by its path on its host (may be given again).")
    var paths: [String] = []

    @Option(help: "Files: drop so many folders from the beginning of each path.")
    var strip = 0

    @Flag(
        help: """
            Replace an existing target, once that is confirmed; what was there is kept beside. Given twice, what lacks \
            something may replace it, too.
            """)
    var force: Int

    @Flag(help: "All or nothing: restore nothing if anything of the backup cannot be made.")
    var exitOnError = false

    @Flag(
        help: """
            Load under the database's own name from the beginning, which some extensions demand (pg_cron). With --force what \
            has the name is set aside before; what the database runs by itself may begin while it loads.
            """)
    var intoOriginalName = false

    @Flag(help: "Confirm without being asked.")
    var yes = false

    @Flag(help: "Restore roles and tablespaces first.")
    var globals = false

    @Flag(
        help: """
            Make the roles that the backup needs and the server lacks, without passwords: nobody can log in as one (NOLOGIN). \
            --globals makes them as they were.
            """)
    var createRoles = false

    @Flag(help: "Do not compare checksums. What is restored may be damaged.")
    var skipChecksum = false

    @Flag(
        help: """
            Load all of the backup with the rights of the connection, a superuser's too. Whoever could write it can then run \
            programs here. Needed for what only a superuser can make, when the backup is not this host's own.
            """)
    var trustOrigin = false

    @OptionGroup var shell: ShellOptions
    @OptionGroup var host: HostOptions

    func validate() throws {
        guard to == nil || !intoOriginalName else {
            throw ValidationError("--into-original-name says where to: leave out --to")
        }
    }

    func run() async throws {
        guard identity == nil else {
            throw BackupError(
                .usage, "this version writes no encrypted backups; decrypt with `age -d` and restore the result")
        }
        let world = try shell.world()
        let restore = BreakGlassRestore(world: world, paths: host.paths)
        let places = self.places
        // Without a link's query, which may be the right to read it.
        let first = String(places[0].hasPrefix("http") ? places[0].prefix { $0 != "?" } : places[0][...])
        say("looking at \(first)")
        let found = try await onThread { () throws(BackupError) in try restore.find(places, say: { say($0) }) }
        if found.manifest == nil {
            say("WARNING: no manifest lies beside it, so there are no checksums to compare")
        }
        if skipChecksum { say("WARNING: checksums are not compared, as asked; what is restored may be damaged") }
        let setting = try restore.setting(for: found, configuration: configuration(world), url: url, target: to)
        // What will be replaced, which need not be called as it is in the backup.
        let name = intoOriginalName ? try found.originalName(in: setting) : to
        if force > 0, let name, !yes { try Confirmation.typed(name) }
        say(
            "restoring "
                + (found.manifest.map { "\($0.database.name), data as of \(Timestamp.seconds($0.snapshotAt))" } ?? first)
        )
        for note in found.manifest?.notes ?? [] { say("noted of this backup: \(note)") }
        let (engine, stop) = (try EngineCatalog.engine(setting, paths: host.paths), StopSignal())
        let (target, replaces, skips, globals, trusts) = (to, force > 0, skipChecksum, globals, trustOrigin)
        let part = ArchivePart(paths: paths, strip: strip)
        let manner = LoadManner(
            isAllOrNothing: exitOnError, replacesIncomplete: force > 1, intoOriginalName: intoOriginalName,
            createsRoles: createRoles)
        let (progress, began) = (WorkProgress(), ContinuousClock.now)
        let outcome = try await stoppingAtSignals(stop.stop) {
            try await ProgressTalk.showing(progress) {
                try await restore.restore(
                    found, engine: engine, target: target, replace: replaces, skipChecksum: skips,
                    withGlobals: globals, trustOrigin: trusts, part: part, manner: manner, stop: stop,
                    progress: progress, say: { say("WARNING: \($0)") })
            }
        }
        say("checked: \(outcome.checked)")
        say("took \(AmountText.clock(Double(began.duration(to: .now).components.seconds))) in all")
        for failure in outcome.failures { say("NOT made: \(failure)") }
        if let kept = outcome.keptBeside { say("what was there before is kept as \(kept)") }
        print(outcome.target)
        // It is there, and lacks something.
        if !outcome.failures.isEmpty { throw ExitCode(1) }
    }

    /// What agent.yaml says; nothing when nobody named it, it cannot be read, and the command line says where to.
    private func configuration(_ world: AgentWorld) throws -> AgentConfiguration {
        do {
            return try host.configuration(world)
        } catch  where host.config == nil && (url != nil || to != nil) {
            say("left out: \(error)")
            return AgentConfiguration(databases: [])
        }
    }
}
