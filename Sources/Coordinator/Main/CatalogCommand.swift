import ArgumentParser
import CoordinatorClient
import Domain
import Foundation
import Wire

struct CatalogGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalog", abstract: "The coordinator's own memory: its copies, and how it comes back.",
        subcommands: [CatalogShow.self, CatalogBackup.self, CatalogRebuild.self])
}

struct CatalogShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show where the catalog is copied to, what it lacks, and who waits to be admitted.",
        discussion: "Example: holdfast catalog show")

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let state = try await session.client.catalogState()
        try output.show(state, session.terminal) { CatalogRendering.lines(state, now: Date(), $0) }
    }
}

struct CatalogBackup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the catalog now, to every object store of the fleet.",
        discussion: """
            It is done by itself every hour, and soon after a host joined, was revoked, or a fleet.yaml was applied (`catalog: { every: \
            1h, keep: 48, directory: /mnt/other/holdfast }` in fleet.yaml). A copy holds the catalog and the certificate authority, \
            sealed by the key in the data directory's file catalog-key: keep that file somewhere else, too. It lies below \
            .holdfast/catalog/, and opens without Holdfast: age -d FILE | gunzip > catalog.sqlite

            Example:
              holdfast catalog backup
            """)

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let copies = try await session.client.copyCatalog()
        try output.show(copies, session.terminal) { CatalogRendering.lines(copies, now: Date(), $0) }
        if copies.contains(where: { $0.failure != nil }) { throw ExitCode(1) }
    }
}

struct CatalogRebuild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "Bring back what the catalog lacks, from the manifests in the stores.",
        discussion: """
            Reads every manifest that has no row, in the fleet's object stores or at --from, asks the hosts what lies in their \
            directories, and adds what is whole. Nothing that is in the catalog is changed or removed; to be run again is harmless. \
            When it is done, retention goes on.

            After a coordinator was lost:
              holdfast init --restore s3://acme-backups --data-dir /var/lib/holdfast --hostname backup.example.com
              systemctl start holdfast
              holdfast catalog rebuild

            Other examples:
              holdfast catalog rebuild --dry-run
              holdfast catalog rebuild --from s3://acme-backups/eu     (AWS_* of the coordinator)
              holdfast catalog rebuild --from /mnt/copy-of-the-bucket  (a directory of the coordinator's host)
              holdfast catalog rebuild --without db-03                 (a host that is gone for good cannot be asked)
            """)

    @Option(
        help:
            "s3://bucket/prefix, or a directory of the coordinator's host; by default every object store of the fleet.",
        completion: .directory)
    var from: String?
    @Flag(help: "Only say what would be added.") var dryRun = false
    @Option(help: "A host that is left out: it will not come back, or its folder is wrong. Repeatable.")
    var without: [String] = []
    @Flag(help: "The directories of hosts that wait to be admitted need not be looked at.") var withoutWaiting = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let asked = try await session.client.rebuildCatalog(
            RebuildRequest(
                from: from, dryRun: dryRun, without: without.isEmpty ? nil : without,
                withoutWaiting: withoutWaiting ? true : nil))
        session.terminal.sayOnWaiting("the rebuild", cancel: "systemctl restart holdfast")
        var line = ProgressLine(session.terminal)
        var view = asked
        while view.state == .running {
            line.show(CatalogRendering.progress(view), stage: view.phase, now: Date())
            try await Task.sleep(for: .milliseconds(300))
            guard let now = try await session.client.catalogState().rebuild, now.startedAt == asked.startedAt else {
                throw BackupError(.unreachable, "the coordinator was started anew meanwhile: run this again")
            }
            view = now
        }
        line.clear()
        let state = try await session.client.catalogState()
        let ended = view
        try output.show(ended, session.terminal) { CatalogRendering.lines(ended, state, $0) }
        if ended.state != .succeeded { throw ExitCode(1) }
    }
}
