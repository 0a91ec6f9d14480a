import CoordinatorAPI
import CoordinatorCore
import Domain
import Foundation
import Logging
import Testing
import Threads
import Transfer
import Wire

/// A check-in waits for news. It must not outlive its client, nor hold up the server's end.
@Suite(.timeLimit(.minutes(2)))
struct LongPollTests {
    @Test func aPollEndsWhenTheAgentsTimeIsOver() async throws {
        try await LiveServer.run { server in
            let (agent, revision) = try await settledAgent(server)
            let answer = try await server.post("/v1/agent/check-in", checkIn(wait: 1, revision: revision), with: agent)
            #expect(answer.status == 200)
        }
    }

    @Test func waitingPollsDoNotHoldUpTheServersEnd() async throws {
        let began = ContinuousClock.now
        try await LiveServer.run { server in
            let (agent, revision) = try await settledAgent(server)
            for _ in 0..<4 {
                // They end with the server, not with the test: that is the point.
                Task { try await server.post("/v1/agent/check-in", checkIn(wait: 50, revision: revision), with: agent) }
            }
            #expect(try await server.isServing())
        }
        #expect(ContinuousClock.now - began < .seconds(40))
    }

    @Test func aPollEndsWithItsClient() async throws {
        let (lines, log) = AsyncStream<String>.makeStream()
        var logger = Logger(label: "test") { _ in LineHandler(lines: log) }
        logger.logLevel = .debug
        try await LiveServer.run(logger: logger) { server in
            let (agent, revision) = try await settledAgent(server)
            // Each gives up after a second. On a machine so busy that a second is too short to ask, the next one tries.
            let asking = Task {
                while !Task.isCancelled {
                    let poll = checkIn(wait: 50, revision: revision)
                    await #expect(throws: TransferError.self) {
                        _ = try await server.post("/v1/agent/check-in", poll, with: agent, deadline: .seconds(1))
                    }
                }
            }
            // Nothing but the client's going ends a poll this early; should that fail, the time limit ends the test.
            #expect(await lines.contains("a check-in ended early"))
            asking.cancel()
            _ = await asking.value
        }
    }

    /// An agent that has its plan, to which the coordinator has nothing to say.
    private func settledAgent(_ server: LiveServer) async throws -> (TransferClient, Int) {
        let (_, identity) = try await server.join("db-01")
        let client = server.client(identity)
        var revision = 0
        for _ in 0..<5 {
            let answer = try await server.post("/v1/agent/check-in", checkIn(revision: revision), with: client)
            let response = try JSON.decoder().decode(CheckInResponse.self, from: Data(answer.body))
            guard response.plan != nil || response.wantsDatabases else { break }
            revision = response.plan?.revision ?? revision
        }
        return (client, revision)
    }
}

/// Hands every line's message on.
struct LineHandler: LogHandler {
    let lines: AsyncStream<String>.Continuation
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.yield("\(event.message)") }
}
