import Catalog
import Domain
import Foundation
import Synchronization
import Wire

/// Questions to agents about what lies in their directories: they go down with check-ins, and answers come up with the next.
/// In memory only; who asks waits, and asks again another time when nothing comes.
final class QuestionDesk: Sendable {
    private struct Waiting {
        let question: CopyQuestion
        let continuation: AsyncStream<CopyAnswer>.Continuation
    }
    private let waiting = Mutex<[UUID: [Waiting]]>([:])

    /// At most so many go down at once, and at most so many wait for one agent.
    private static let atOnce = 8
    private static let most = 256

    /// What goes down to the agent now.
    func questions(for agent: UUID) -> [CopyQuestion] {
        waiting.withLock { $0[agent]?.prefix(Self.atOnce).map(\.question) ?? [] }
    }

    /// Only the agent that was asked can answer.
    func take(_ answers: [CopyAnswer], from agent: UUID) {
        for answer in answers.prefix(Self.most) {
            let asker = waiting.withLock { waiting -> Waiting? in
                guard let index = waiting[agent]?.firstIndex(where: { $0.question.id == answer.question }) else {
                    return nil
                }
                return waiting[agent]?.remove(at: index)
            }
            asker?.continuation.yield(answer)
            asker?.continuation.finish()
        }
    }

    /// Nil when no answer came within that time. `wake` tells the agent's check-in that there is something.
    func ask(_ question: CopyQuestion, _ agent: UUID, seconds: Int, wake: () -> Void) async -> CopyAnswer? {
        let (stream, continuation) = AsyncStream<CopyAnswer>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let isTaken = waiting.withLock { waiting -> Bool in
            guard (waiting[agent]?.count ?? 0) < Self.most else { return false }
            waiting[agent, default: []].append(Waiting(question: question, continuation: continuation))
            return true
        }
        guard isTaken else { return nil }
        defer {
            waiting.withLock { waiting in
                waiting[agent]?.removeAll { $0.question.id == question.id }
                if waiting[agent]?.isEmpty == true { waiting[agent] = nil }
            }
        }
        wake()
        return await withTaskGroup(of: CopyAnswer?.self) { group in
            group.addTask {
                for await answer in stream { return answer }
                return nil
            }
            group.addTask {
                // Cancelled by the answer, or with who asks.
                try? await Task.sleep(for: .seconds(seconds))
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}

extension Coordinator {
    /// For so many seconds an agent that is there may take to answer.
    private static let patience = 20

    /// What lies in a directory of the agent's host. Throws `.unreachable` when the agent cannot be asked or does not answer,
    /// and what kept it from looking.
    func ask(
        _ agent: AgentRecord, _ directory: Destination.Directory, _ folder: String, names: [String]?,
        after: String? = nil
    ) async throws(BackupError) -> CopyAnswer {
        if let obstacle = reach().obstacle(agent) { throw BackupError(.unreachable, obstacle) }
        let question = CopyQuestion(id: world.uuid(), directory: directory, folder: folder, names: names, after: after)
        let answer: CopyAnswer?
        if let askAgent = world.askAgent {
            answer = await askAgent(agent.id, question)
        } else {
            guard let sighting = presence.sighting(of: agent.id), sighting.answers else {
                throw BackupError(
                    .unreachable,
                    "the agent \(agent.name) has not been heard of since the coordinator started, or is too old to "
                        + "be asked: upgrade it")
            }
            answer = await questions.ask(question, agent.id, seconds: Self.patience) { presence.wake([agent.id]) }
        }
        guard let answer else {
            throw BackupError(.unreachable, "the agent \(agent.name) did not say in time what lies in its directory")
        }
        if let failure = answer.failure {
            throw BackupError(
                .storageUnavailable, "\(agent.name): \(RunRecorder.bounded(failure.message))")
        }
        return answer
    }

    /// What the agent says of one copy in a directory of its host, now.
    func look(
        atLocal copy: CopyRecord, _ directory: Destination.Directory, on agent: AgentRecord
    ) async throws(BackupError) -> CopySight {
        let names = copy.objects.map(\.name)
        guard !names.isEmpty else { return .missing("nothing of it was ever stored") }
        let answer = try await ask(agent, directory, copy.folder, names: names)
        let found = Dictionary(answer.files.map { ($0.name, $0.bytes) }) { first, _ in first }
        for object in copy.objects {
            guard let bytes = found[object.name] else { return .missing("\(object.name) is missing") }
            guard bytes == object.bytes else {
                return .changed("\(object.name) has \(bytes) bytes instead of \(object.bytes)")
            }
        }
        return .whole(.agent, marks: [:])
    }
}
