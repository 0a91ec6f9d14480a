import ArgumentParser
import Domain

struct BackupGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Make, list and check backups.",
        subcommands: [BackupCreate.self, BackupList.self, BackupShow.self, BackupVerify.self, BackupUnpin.self])
}

extension Tier: ExpressibleByArgument {}
extension BackupState: ExpressibleByArgument {}

/// What `backup create` selects.
enum BackupType: String, ExpressibleByArgument, CaseIterable, Sendable {
    case database, application, all
}
