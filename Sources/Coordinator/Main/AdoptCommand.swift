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
