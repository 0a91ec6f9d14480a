import Domain
import Foundation
import Synchronization
import Threads
import Transfer

@testable import CoordinatorClient

/// What a coordinator, or what stands between, answers: in turn, and it remembers what it was asked.
final class StandInCoordinator: Sendable {
    private let state = Mutex<(answers: [Result<HTTPResponse, TransferError>], asked: [HTTPRequest])>(([], []))

    init(_ answers: [Result<HTTPResponse, TransferError>]) { state.withLock { $0.answers = answers } }

    convenience init(
        _ status: Int, _ body: String, type: String = "application/json", headers: [(name: String, value: String)] = []
    ) {
        self.init([
            .success(HTTPResponse(status: status, headers: [("Content-Type", type)] + headers, body: Array(body.utf8)))
        ])
    }

    var asked: [HTTPRequest] { state.withLock { $0.asked } }

    var connection: CoordinatorConnection {
        CoordinatorConnection(base: "https://backup.example.com:8443") { [self] request, _ throws(TransferError) in
            let answer: Result<HTTPResponse, TransferError>? = state.withLock {
                $0.asked.append(request)
                return $0.answers.isEmpty ? nil : $0.answers.removeFirst()
            }
            guard let answer else { throw TransferError(.invalid, "this test expected no more calls") }
            return try answer.get()
        }
    }

    var operators: OperatorClient { OperatorClient(connection: connection) }
    var agents: AgentClient { AgentClient(connection: connection) }
}
