import Domain
import Foundation
import Synchronization
import Wire

/// This process, as its coordinator tells it from a copy of it, and what it has to say with its next check-in.
final class AgentVoice: Sendable {
    let process: AgentProcess
    private let state = Mutex((echo: UUID?.none, answers: [CopyAnswer]()))
    private let data: URL
    private let marks: MarkKeeper
    private let configuration: LiveConfiguration

    /// How often an agent was started on this data directory.
    private struct Starts: Codable {
        var count: Int
    }

    /// Less room than this on its own disk is a trouble that is told.
    private static let leastRoom: UInt64 = 32 << 20

    init(paths: AgentPaths, world: AgentWorld, configuration: LiveConfiguration) {
        self.configuration = configuration
        let file = DurableFile<Starts>(url: paths.starts)
        // One that is damaged counts from the beginning: the coordinator then says that an older state came back.
        let starts = Starts(count: ((try? file.load())?.count ?? 0) + 1)
        // On a full disk backups to elsewhere go on all the same.
        try? file.save(starts)
        process = AgentProcess(instance: world.newID(), generation: starts.count, host: world.hostName)
        data = paths.data
        marks = MarkKeeper(file: paths.catalogMark, uptime: { ContinuousClock.now })
    }

    /// How far the coordinator's catalog had come.
    var mark: String? { marks.current }

    /// What the last answer gave us to prove that we got it.
    var echo: UUID? { state.withLock { $0.echo } }

    var answers: [CopyAnswer] { state.withLock { $0.answers } }

    func heard(_ response: CheckInResponse, sent: [CopyAnswer]) {
        if let mark = response.mark { marks.keep(mark) }
        let known = Set(sent.map(\.question))
        state.withLock { state in
            if let nonce = response.nonce { state.echo = nonce }
            state.answers.removeAll { known.contains($0.question) }
        }
    }

    func add(_ answers: [CopyAnswer]) { state.withLock { $0.answers += answers } }

    /// What keeps this agent from working, in words.
    var trouble: String? {
        let troubles = [fullDisk, configuration.problem].compactMap { $0 }
        return troubles.isEmpty ? nil : troubles.joined(separator: "; ")
    }

    private var fullDisk: String? {
        var facts = statvfs()
        guard statvfs(data.path, &facts) == 0 else { return nil }
        let room = UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
        guard room < Self.leastRoom || (facts.f_files > 0 && facts.f_favail == 0) else { return nil }
        return "the disk of \(data.path) is full (\(room >> 20) MiB free): runs and reports cannot be written down"
    }
}
