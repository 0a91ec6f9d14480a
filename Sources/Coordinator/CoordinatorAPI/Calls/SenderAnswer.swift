import Domain
import Hummingbird
import Logging

/// What an agent is told when its message could not be taken: a verdict on the message, or to ask again. An agent puts aside what
/// it got a verdict on, so trouble of the coordinator's own is never one (P3).
enum SenderAnswer {
    static func of<Value>(_ call: Call, _ answer: () async throws -> Value) async throws -> Value {
        do { return try await answer() } catch { throw to(error, call.context.logger) }
    }

    private static func to(_ error: any Error, _ logger: Logger) -> any Error {
        switch error {
        case is CallProblem, is ProtocolMismatch, is CancellationError: return error
        case let known as BackupError:
            switch known.code {
            case .usage, .forbidden, .notFound, .exists, .busy, .cancelled: return error
            case .configuration, .sourceUnavailable, .sourceRefused, .storageUnavailable, .storageRefused, .integrity,
                .unreachable, .bug:
                break
            }
        default: break
        }
        logger.error("a message could not be taken; its sender asks again", metadata: ["error": "\(error)"])
        return CallProblem.ownTrouble
    }
}
