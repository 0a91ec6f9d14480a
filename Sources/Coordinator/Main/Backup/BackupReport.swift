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

    /// That a report can be written there, found out before anything is backed up. Throws `.usage`.
    static func requirePlace(_ path: String) throws(BackupError) {
        func refusal(_ words: String) -> BackupError {
            BackupError(.usage, "--output: \(words); nothing was backed up")
        }
        guard !path.isEmpty else { throw refusal("the name is empty: name a file for the report") }
        let files = FileManager.default
        // What stands there is replaced, and a folder or a device must not be.
        let real = URL(filePath: path).resolvingSymlinksInPath().path
        let kind = try? files.attributesOfItem(atPath: real)[.type] as? FileAttributeType
        if path.hasSuffix("/") || (kind.map { $0 != .typeRegular } ?? false) {
            throw refusal("\(path) is not a regular file: name one (-o json prints the report)")
        }
        let above = (path as NSString).deletingLastPathComponent
        let folder = above.isEmpty ? "." : above
        var isFolder: ObjCBool = false
        guard files.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw refusal("there is no folder \(folder): make it, or name a file elsewhere")
        }
        guard files.isWritableFile(atPath: folder), files.isExecutableFile(atPath: folder) else {
            throw refusal("this user may not write in \(folder): name a file elsewhere")
        }
    }
}
