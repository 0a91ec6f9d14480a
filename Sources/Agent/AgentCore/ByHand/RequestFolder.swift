import Daemon
package import Domain
package import Foundation

/// Where a command on this host leaves a request for the agent that runs here, and finds the answer: a file each, in a folder that
/// only the agent's user may enter. The data directory's lock says who carries it out.
package struct RequestFolder: Sendable {
    private let folder: URL

    /// Makes the folder where it is not there. Throws `.configuration` when it is another user's.
    package init(_ paths: AgentPaths) throws(BackupError) {
        folder = paths.requests
        try PrivateDirectory.ensure(folder.path)
    }

    /// After so many seconds nobody waits any more for what was not begun.
    static let patience: TimeInterval = 60

    private func file(_ id: UUID) -> DurableFile<ManualRequest> {
        DurableFile(url: folder.appending(path: id.uuidString.lowercased() + ".json"))
    }

    private func answers(_ id: UUID) -> DurableFile<ManualAnswer> {
        DurableFile(url: folder.appending(path: id.uuidString.lowercased() + ".answer"))
    }

    /// Leaves a request for the agent.
    package func ask(_ request: ManualRequest) throws(BackupError) { try file(request.id).save(request) }

    /// How it goes; nil as long as the agent has not begun it.
    package func answer(_ id: UUID) throws(BackupError) -> ManualAnswer? { try answers(id).load() }

    /// Takes request and answer away. False when the agent had taken the request already.
    @discardableResult
    package func withdraw(_ id: UUID) -> Bool {
        unlink(answers(id).url.path)
        return unlink(file(id).url.path) == 0
    }

    /// What waits, without what nobody waits for. Each is handed out once.
    func take(now: Date) -> [ManualRequest] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        var found: [ManualRequest] = []
        for name in names.sorted() {
            let path = folder.appending(path: name).path
            guard name.hasSuffix(".json"), let id = UUID(uuidString: String(name.dropLast(5))) else {
                Self.sweep(path, now)
                continue
            }
            // What cannot be read is no request.
            let request = try? file(id).load()
            guard unlink(path) == 0, let request, request.id == id,
                abs(now.timeIntervalSince(request.at)) < Self.patience
            else { continue }
            found.append(request)
        }
        return found
    }

    func tell(_ answer: ManualAnswer, to id: UUID) throws(BackupError) { try answers(id).save(answer) }

    /// An answer that nobody has fetched for a day.
    private static func sweep(_ path: String, _ now: Date) {
        let facts = try? FileManager.default.attributesOfItem(atPath: path)
        guard let at = facts?[.modificationDate] as? Date, now.timeIntervalSince(at) > 86_400 else { return }
        unlink(path)
    }
}
