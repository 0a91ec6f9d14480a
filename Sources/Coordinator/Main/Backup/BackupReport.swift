import Domain
import Foundation
import Wire

/// What `backup create --output` writes. Fields are stable and only ever added to.
struct BackupReport: Encodable, Sendable {
    let holdfast = Product.version
    let requestedAt: Date
    var finishedAt: Date
    /// Every run succeeded, and nothing that was selected was left out.
    let succeeded: Bool
    let runs: [RunView]
    let skipped: [String]
    var backups: [BackupView] = []

    init(requestedAt: Date, runs: [RunView], skipped: [String]) {
        self.requestedAt = requestedAt
        self.finishedAt = requestedAt
        self.runs = runs
        self.skipped = skipped
        succeeded = !runs.isEmpty && skipped.isEmpty && runs.allSatisfy { $0.state == .succeeded }
    }

    /// Whether the command did what was asked: without `--wait`, that it was begun and nothing was left out.
    func isSuccess(waited: Bool) -> Bool {
        waited ? succeeded : !runs.isEmpty && skipped.isEmpty
    }
}
