import Domain
import Foundation
import Synchronization
import Testing
import Threads
import Transfer
import Wire

@testable import CoordinatorClient

@Suite(.timeLimit(.minutes(1))) struct CallTests {
    @Test(arguments: [
        ("db-01", "db%2D01"), ("..", "%2E%2E"), ("a/b?c#d", "a%2Fb%3Fc%23d"), ("ü", "%C3%BC"),
        ("a b\r\n", "a%20b%0D%0A"),
    ])
    func aHostileNameStaysOnePartOfThePath(name: String, encoded: String) async throws {
        let coordinator = StandInCoordinator(404, "")
        _ = try? await coordinator.operators.agent(name)
        let url = try #require(coordinator.asked.first?.url)
        let last = try #require(url.split(separator: "/").last)
        #expect(last == encoded || last.removingPercentEncoding == name)
        #expect(url.hasPrefix("https://backup.example.com:8443/v1/agents/"))
        #expect(url.split(separator: "/").count == 5)
    }

    @Test func filtersBecomeAQueryAndThoseThatAreNotSetAreLeftOut() async throws {
        let coordinator = StandInCoordinator(200, "[]")
        #expect(
            try await coordinator.operators.backups(
                BackupQuery(tier: .daily, database: "a&b=c", limit: 5)) == [])
        let url = try #require(coordinator.asked.first?.url)
        #expect(url.hasSuffix("/v1/backups?tier=daily&database=a%26b%3Dc&limit=5"))
    }

    @Test func anEmptyNameIsRefusedAndNeverAsksForAllOfThem() async throws {
        let coordinator = StandInCoordinator([])
        let client = coordinator.operators
        let calls: [(String, @Sendable () async throws -> Void)] = [
            ("backup", { _ = try await client.backup("") }), ("agent", { _ = try await client.agent("") }),
            ("agent", { try await client.revokeAgent("") }), ("token", { try await client.revokeToken("") }),
            ("backup", { _ = try await client.verify("") }),
            ("database", { _ = try await client.databases(database: "") }),
            ("agent", { _ = try await client.schedules(agent: "", database: "x") }),
            ("database", { _ = try await client.backups(BackupQuery(database: "")) }),
            ("agent", { _ = try await client.startBackup(BackupRequest(type: "all", tier: .manual, agent: "")) }),
            (
                "agent",
                {
                    _ = try await client.restore(
                        "7f3a",
                        RestoreOptions(
                            agent: "", target: nil, replace: false, skipChecksum: false, withGlobals: false, tables: [])
                    )
                }
            ),
        ]
        for (noun, call) in calls {
            let error = await #expect(throws: BackupError.self) { try await call() }
            #expect(error?.code == .usage)
            #expect(error?.message.hasPrefix("the name or id of the \(noun) is empty") == true)
        }
        #expect(coordinator.asked.isEmpty)
    }

    @Test func aLongPollWaitsLongerThanItAskedFor() async throws {
        let coordinator = StandInCoordinator(
            200,
            #"{"version":1,"serverTime":"2026-01-15T02:00:00Z","waitSeconds":50,"pauseSeconds":1,"commands":[],"wantsDatabases":true}"#
        )
        let request = CheckInRequest(
            holdfast: "0.1.0", bootId: "b", clock: Date(timeIntervalSince1970: 0), planRevision: 0, running: [],
            spoolDepth: 0,
            databases: nil, receivedCommands: [], commands: [], waitSeconds: 50)
        let answer = try await coordinator.agents.checkIn(request)
        #expect(answer.wantsDatabases)
        let asked = try #require(coordinator.asked.first)
        #expect(asked.method == "POST" && asked.url.hasSuffix("/v1/agent/check-in"))
        #expect(asked.deadline == .seconds(70))
        #expect(asked.stallAfter == .zero, "a poll that is silent is not stalled")
        #expect(asked.answerLimit == 64 << 20)
    }

    @Test func theTokenIsSentAsABearerAndNeverShown() async throws {
        let client = try OperatorClient(url: "https://backup.example.com:8443/", token: "hft_id_secret", caPEM: nil)
        #expect(client.connection.base == "https://backup.example.com:8443")
        #expect(client.connection.headers.map(\.value) == ["Bearer hft_id_secret"])
    }

    @Test(arguments: ["", "a b", "a\r\nX-Evil: 1", "tökén"]) func aTokenThatWouldBreakAHeaderIsRefused(token: String) {
        let error = #expect(throws: BackupError.self) {
            try OperatorClient(url: "https://localhost:1", token: token, caPEM: nil)
        }
        #expect(error?.code == .usage)
    }

    @Test(arguments: [
        "", "backup.example.com:8443", "http://backup.example.com", "https://", "https://user:pass@host",
        "https://host/path",
        "https://host?x=1", "https://host#x", "ftp://host",
    ])
    func anAddressThatIsNoCoordinatorsIsRefusedWithoutQuotingIt(url: String) {
        let error = #expect(throws: BackupError.self) { try OperatorClient(url: url, token: "t", caPEM: nil) }
        #expect(error?.code == .usage)
        #expect(error?.description.contains("pass") == false)
    }

    @Test func cancellingTheTaskStopsTheCallButNotWhatSharesTheSignal() async throws {
        let (begun, isBegun) = AsyncStream<Void>.makeStream()
        let connection = CoordinatorConnection(base: "https://localhost") { _, stop throws(TransferError) in
            isBegun.finish()
            while !stop.isStopped { usleep(1000) }
            throw TransferError(.stopped, "stopped")
        }
        let shared = StopSignal()
        let task = Task { try await AgentClient(connection: connection).report(ReportBatch(items: []), stop: shared) }
        for await _ in begun {}
        task.cancel()
        let error = await #expect(throws: BackupError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(!shared.isStopped)
    }

    @Test func theSharedSignalStopsTheCall() async throws {
        let connection = CoordinatorConnection(base: "https://localhost") { _, stop throws(TransferError) in
            while !stop.isStopped { usleep(1000) }
            throw TransferError(.stopped, "stopped")
        }
        let shared = StopSignal()
        shared.stop()
        let error = await #expect(throws: BackupError.self) {
            try await AgentClient(connection: connection).report(ReportBatch(items: []), stop: shared)
        }
        #expect(error?.code == .cancelled)
    }
}

@Suite struct PinTests {
    private let pem = "-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n"

    private func answer(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(status: status, headers: [], body: Array(text.utf8))
    }

    @Test func aCAIsBelievedOnlyWithThePinnedDigest() throws {
        let digest = { (_: String) in "AB12" }
        #expect(try AgentClient.pinned(answer(200, pem), base: "b", pin: "ab12", sha256: digest) == pem)
        let error = #expect(throws: BackupError.self) {
            try AgentClient.pinned(answer(200, pem), base: "b", pin: "ab13", sha256: digest)
        }
        #expect(error?.code == .forbidden)
    }

    @Test(arguments: [(200, "<html>"), (404, "no"), (200, "")]) func aPageIsNoCA(status: Int, text: String) {
        let error = #expect(throws: BackupError.self) {
            try AgentClient.pinned(answer(status, text), base: "b", pin: "ab", sha256: { _ in "ab" })
        }
        #expect(error?.code == .unreachable)
    }
}
