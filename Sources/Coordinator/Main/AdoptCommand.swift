import Archive
import ArgumentParser
import CoordinatorClient
import Domain
import Foundation
import Wire

struct Adopt: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt", abstract: "Find dumps that other tools left in a bucket or directory.",
        discussion: """
            Lists what lies there, has no row in the catalog, and ends as a dump does (.sql, .dump, .db, .tar, then .gz or .zst). Nothing is \
            changed. What is to be kept as a backup is taken in on the host that has the database, with the line that is shown. Manifests \
            of Holdfast's own that have no row are counted: `holdfast catalog rebuild` takes those in.

            Examples:
              holdfast adopt s3://acme-backups/pg                     (AWS_* of the coordinator)
              holdfast adopt /srv/old-backups                         (a directory of the coordinator's host)
              holdfast adopt s3://acme-old --pattern '{database}-{date}.sql.gz'
            """)

    @Argument(help: "s3://bucket/prefix, or a directory of the coordinator's host.") var from: String
    @Option(help: "How names are read: text with {database}, {date}, {time}, {any}.") var pattern: String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let found = try await session.client.adoptable(AdoptableRequest(from: from, pattern: pattern))
        try output.show(found, session.terminal) { AdoptRendering.lines(found, from, $0) }
    }
}

struct BackupUnpin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin", abstract: "Let retention decide over a backup that was adopted.",
        discussion: """
            What `holdfast-agent adopt` took in is pinned: it is never deleted by itself. From now on it is, as the manual backups of its policy \
            are.

            Example:
              holdfast backup unpin 1a2b
            """)

    @Argument(help: "Id of the backup, or its beginning.") var backup: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let view = try await session.client.unpin(backup)
        try output.show(view, session.terminal) { _ in
            [
                "backup \(view.id.uuidString.lowercased()) is not pinned any more; `holdfast cleanup` says what becomes of it"
            ]
        }
    }
}

/// What can be adopted, for people.
enum AdoptRendering {
    private static let shownCommands = 5

    static func lines(_ found: AdoptableView, _ from: String, _ look: Look) -> [String] {
        var lines: [String] = []
        for dump in found.dumps {
            let what = dump.database.map { SafeText($0).text } ?? "of an unknown database"
            let time = dump.takenAt.map { "as of \(Timestamp.seconds($0))" } ?? "of an unknown time"
            lines.append("\(SafeText(dump.place).text)")
            lines.append("  \(what), \(time), \(Quantity.size(dump.bytes))")
        }
        if found.count > found.dumps.count { lines.append("and \(found.count - found.dumps.count) more") }
        if !found.dumps.isEmpty {
            // What is said of one is said of all.
            lines += ["", "On the host that has the database, as the agent's user, such as:"]
            lines += found.dumps.prefix(shownCommands).map { dump in
                "  holdfast-agent adopt \(ShellWord.quoted(dump.place))"
                    + (dump.database == nil ? " --database NAME" : "") + (dump.takenAt == nil ? " --at TIME" : "")
            }
        } else {
            lines.append("no dump lies there that the catalog does not know")
        }
        if found.manifests > 0 {
            lines.append(
                "\(CountText.of(found.manifests, "manifest")) of Holdfast's own without a row: holdfast catalog rebuild --from "
                    + ShellWord.quoted(from))
        }
        return lines
    }
}
