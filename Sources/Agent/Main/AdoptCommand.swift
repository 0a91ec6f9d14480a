import AgentCore
import ArgumentParser
import Domain
import Foundation

struct AdoptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt", abstract: "Take in dumps that other tools made, as backups of this host's databases.",
        discussion: """
            Each dump is read to its end, checked as Holdfast's own are (a plain dump for its last line, a compressed one for its checksum), and
            stored at every destination of the database with a manifest; the coordinator lists it from then on with the time at which it was
            made, and never deletes it before `holdfast backup unpin`. The file itself stays as it is. Database and time are read off the
            name where they are not given, the time in this host's time zone:
              shop_db_daily_20260115_020000.sql.gz   shop_20260115_0200.sql.gz   shop-2026-01-15.sql.gz   shop.20260115.sql
            or by --pattern. Dumps end in .sql, .dump, .db or .tar, then .gz or .zst.

            To be run as the agent's own user, as `holdfast-agent backup`; a file has to be readable for it. `holdfast adopt FROM`, at the
            coordinator, finds such dumps in a bucket.

            Exit status as of `holdfast-agent backup`; 3 for a dump that is not whole.

            Examples:
              sudo -u holdfast-agent holdfast-agent adopt --dry-run /var/backups/*.sql.gz
              sudo -u holdfast-agent holdfast-agent adopt /var/backups/shop_db_daily_20260115_020000.sql.gz
              holdfast-agent adopt old.sql --database shop --at 2025-12-31T23:00:00Z
              holdfast-agent adopt s3://old-bucket/pg/shop-2026-01-15.sql.gz --pattern '{database}-{date}.sql.gz'
            """)

    @Argument(help: "Files, s3://bucket/key, or https://….", completion: .file())
    var dumps: [String] = []
    @Option(help: "The database, as agent.yaml calls it; by default what the name says.") var database: String?
    @Option(help: "When the dump was made, such as 2026-01-15T02:00:00Z; by default what the name says.") var at:
        String?
    @Option(help: "How names are read: text with {database}, {date}, {time}, {any}.") var pattern: String?
    @Flag(help: "Only say what would be taken in as what.") var dryRun = false

    @OptionGroup var shell: ShellOptions
    @OptionGroup var host: HostOptions

    func validate() throws {
        guard !dumps.isEmpty else { throw ValidationError("name the dumps") }
        guard at == nil || dumps.count == 1 else { throw ValidationError("--at is the time of one dump") }
    }

    func run() async throws {
        let talk = try ManualTalk(host, shell, doing: "adopt", done: "adopted")
        // All of them first: a name that says nothing ends it before anything is stored.
        let wanted = try dumps.map { try read($0, now: talk.world.now()) }
        var status: ExitCode?
        for (name, dump) in wanted {
            say("\(dump.place): \(name), as of \(Timestamp.seconds(dump.takenAt))")
            if dryRun { continue }
            let answer = try await talk.answer(to: talk.request([name], adopts: dump))
            let failed = try talk.finish(answer)
            status = status ?? failed
        }
        if let status { throw status }
    }

    private func read(_ text: String, now: Date) throws(BackupError) -> (DatabaseName, AdoptedDump) {
        let told = try AdoptedDump.read(text, pattern: pattern, zone: .current)
        guard let name = database ?? told.database else {
            throw BackupError(
                .usage, "\(text): its name does not say which database it is of: --database, or --pattern")
        }
        var takenAt = told.takenAt
        if let at {
            takenAt = Timestamp.date(at)
            guard takenAt != nil else { throw BackupError(.usage, "--at must be a time such as 2026-01-15T02:00:00Z") }
        }
        guard let takenAt else {
            throw BackupError(.usage, "\(text): its name does not say when it was made: --at, or --pattern")
        }
        guard takenAt <= now else {
            throw BackupError(
                .usage, "\(text): \(Timestamp.seconds(takenAt)) is still to come; say when it was made with --at")
        }
        let place = text.contains("://") ? text : URL(filePath: text).absoluteURL.path
        if !text.contains("://"), !FileManager.default.fileExists(atPath: place) {
            throw BackupError(.notFound, "\(text): no such file")
        }
        return (try DatabaseName(name), AdoptedDump(place: place, takenAt: takenAt))
    }
}
