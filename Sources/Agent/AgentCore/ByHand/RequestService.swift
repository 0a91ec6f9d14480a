import Domain
import Foundation
import Logging
import ServiceLifecycle

/// Takes up what a command on this host asks of the running agent, and says how it goes.
struct RequestService: Service {
    let runs: RunService
    let folder: RequestFolder
    let logger: Logger

    func run() async throws {
        guard await runs.board.ready() else { return await untilTold() }
        await withDiscardingTaskGroup { group in
            while !Task.isShuttingDownGracefully, !Task.isCancelled {
                for request in folder.take(now: runs.world.now()) { group.addTask { await carryOut(request) } }
                // Cancellation ends the wait, and is looked at in the condition.
                try? await Task.sleep(for: .milliseconds(500))
            }
            group.cancelAll()
        }
    }

    private func carryOut(_ request: ManualRequest) async {
        do {
            let work = try await ManualWork.begin(request, in: runs)
            logger.notice("a backup was asked for on this host", metadata: ["databases": "\(work.lives.count)"])
            var told: ManualAnswer?
            while !Task.isCancelled {
                let answer = work.answer
                if answer != told { try folder.tell(answer, to: request.id) }
                told = answer
                if answer.isOver { return }
                // Cancellation ends the wait, and is looked at in the condition.
                try? await Task.sleep(for: .milliseconds(500))
            }
        } catch {
            let error = error as? BackupError ?? BackupError(.bug, "a backup that was asked for here", cause: error)
            logger.warning("a backup was asked for on this host", metadata: ["error": "\(error)"])
            // Who asked then hears nothing, and says so.
            try? folder.tell(ManualAnswer(refusal: .init(error)), to: request.id)
        }
    }
}
