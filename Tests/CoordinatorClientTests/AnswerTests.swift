import Domain
import Foundation
import Testing
import Transfer
import Wire

@testable import CoordinatorClient

@Suite(.timeLimit(.minutes(1))) struct AnswerTests {
    private func failure(of coordinator: StandInCoordinator) async throws -> BackupError {
        try await #require(throws: BackupError.self) { _ = try await coordinator.operators.check() }
    }

    @Test func aGoodAnswerIsItsValue() async throws {
        let coordinator = StandInCoordinator(200, #"{"level":2,"line":"CRITICAL","fromTheFuture":[1]}"#)
        #expect(try await coordinator.operators.check() == CheckView(level: 2, line: "CRITICAL"))
    }

    @Test(arguments: BackupError.Code.allCases) func everyProblemComesBackAsTheErrorThatItWas(code: BackupError.Code)
        async throws
    {
        let dashed = code.rawValue.replacing(#/[A-Z]/#) { "-" + $0.output.lowercased() }
        for word in [code.rawValue, dashed] {
            let body = #"{"type":"urn:holdfast:\#(word)","title":"t","status":400,"detail":"the detail"}"#
            let error = try await failure(of: StandInCoordinator(400, body, type: Problem.contentType))
            #expect(error.code == code)
            #expect(error.message == (code == .bug ? "t: the detail" : "the detail"))
        }
    }

    @Test(
        arguments: [
            (401, .forbidden), (403, .forbidden), (404, .notFound), (409, .exists), (422, .integrity), (400, .usage),
            (500, .unreachable), (503, .unreachable),
        ] as [(Int, BackupError.Code)])
    func aWordFromANewerCoordinatorIsReadByItsStatus(status: Int, code: BackupError.Code) async throws {
        let body = #"{"type":"urn:holdfast:something-new","title":"new","status":\#(status)}"#
        #expect(try await failure(of: StandInCoordinator(status, body)).code == code)
    }

    @Test(arguments: [
        (200, "<html>sign in to the hotel</html>"), (200, ""), (200, "[]"), (200, #"{"level":"x"}"#),
        (404, "Not Found"),
        (302, "moved"), (502, "<h1>Bad Gateway</h1>"), (407, "proxy"),
        (403, #"{"type":"about:blank","title":"no","status":403}"#),
    ])
    func whatIsNotTheCoordinatorsMeansAskAgain(status: Int, body: String) async throws {
        let error = try await failure(of: StandInCoordinator(status, body, type: "text/html"))
        #expect(error.code == .unreachable)
        #expect(!error.description.contains("hotel"), "a stranger's text is not quoted")
    }

    @Test(
        arguments: [
            (429, "7", 7), (503, "120", 120), (503, "-4", 0), (503, "999999", 3600),
            (503, "Wed, 21 Oct 2026 07:28:00 GMT", 60),
            (500, "7", nil), (503, nil, nil),
        ] as [(Int, String?, Int?)])
    func howLongToWaitIsAValue(status: Int, header: String?, seconds: Int?) async throws {
        let headers = header.map { [(name: "retry-after", value: $0)] } ?? []
        let proxy = try await failure(of: StandInCoordinator(status, "busy", type: "text/plain", headers: headers))
        #expect(proxy.retryAfterSeconds == seconds)
        let body = #"{"type":"urn:holdfast:busy","title":"busy","status":503}"#
        let ours = try await failure(of: StandInCoordinator(status, body, headers: headers))
        #expect(ours.code == .busy)
        #expect(ours.retryAfterSeconds == seconds)
    }

    @Test(
        arguments: [
            (.resolve, .unreachable), (.connect, .unreachable), (.timeout, .unreachable), (.reset, .unreachable),
            (.tooLarge, .unreachable), (.tls, .forbidden), (.stopped, .cancelled), (.invalid, .usage),
        ] as [(TransferError.Kind, BackupError.Code)])
    func aFailedTransferSaysWhatItMeans(kind: TransferError.Kind, code: BackupError.Code) async throws {
        #expect(try await failure(of: StandInCoordinator([.failure(TransferError(kind, "words"))])).code == code)
    }

    @Test(arguments: [(204, "", "", true), (200, "{}", "application/json", true), (200, "<html>", "text/html", false)])
    func aPageIsNotTakenForDone(status: Int, body: String, type: String, isDone: Bool) async throws {
        let coordinator = StandInCoordinator(status, body, type: type)
        do {
            try await coordinator.operators.revokeToken("abc")
            #expect(isDone)
        } catch let error as BackupError {
            #expect(!isDone && error.code == .unreachable)
        }
    }
}
