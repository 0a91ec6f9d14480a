import CoordinatorAPI
import Domain
import Foundation
import Sealing
import Testing
import Transfer
import Wire

/// Those who cannot say who they are do not keep out those who can (issue 8, D7).
@Suite(.timeLimit(.minutes(2)))
struct CrowdTests {
    private func enrolment(_ token: String) throws -> EnrolmentRequest {
        EnrolmentRequest(
            tokenId: token, tokenSecret: "guess", agentId: UUID(), name: "db-09",
            csr: try CertificateSigningRequest(key: PrivateKey()).pem(), holdfast: "0.1.0")
    }

    @Test func guessesAtJoiningAreRefusedBeforeTheyAreLookedAt() async throws {
        var limits = ServerLimits()
        limits.failures = 5
        try await LiveServer.run(limits: limits) { server in
            let (_, identity) = try await server.join("db-01")
            for _ in 0..<5 {
                #expect(try await server.post("/v1/enrol", enrolment("nobody")).status == 403)
            }
            // Also what is no request at all is not read any more, nor is another way in.
            for path in ["/v1/enrol", "/v1/renew"] {
                let answer = try await server.send("POST", path, Array("{".utf8))
                #expect(answer.status == 429 && answer["retry-after"] != nil, "\(path)")
            }
            #expect(try await server.send("GET", "/v1/status", bearer: "hft_a_b").status == 429)
            // Who has proven who it is goes on: an operator that was known before, and every agent.
            #expect(try await server.send("GET", "/v1/agents", bearer: server.admin).status == 200)
            let checked = try await server.post("/v1/agent/check-in", checkIn(), with: server.client(identity))
            #expect(checked.status == 200)
        }
    }

    @Test func guessesAtTokensAreRefusedAfterAWhile() async throws {
        var limits = ServerLimits()
        limits.failures = 5
        try await LiveServer.run(limits: limits) { server in
            for number in 0..<8 {
                let answer = try await server.send("GET", "/v1/status", bearer: "hft_\(number)_x")
                #expect(answer.status == (number < 5 ? 401 : 429))
            }
            // No token at all is no guess, and costs nothing.
            #expect(try await server.send("GET", "/v1/status").status == 401)
        }
    }

    @Test func aShareOfTheConnectionsIsKeptForAgents() async throws {
        var limits = ServerLimits()
        (limits.connections, limits.anonymousShare, limits.fromOneAddress) = (16, 0.5, 100)
        try await LiveServer.run(limits: limits) { server in
            let (_, identity) = try await server.join("db-01")
            var crowd: [TransferClient] = []
            for _ in 0..<8 {
                let client = server.client(nil)
                // A connection that was ended elsewhere may still be counted for a moment.
                try await eventually { try await server.send("GET", "/health", with: client).status == 200 }
                crowd.append(client)
            }
            await #expect(throws: TransferError.self) {
                try await server.send("GET", "/health", with: server.client(nil))
            }
            let answer = try await server.post("/v1/agent/check-in", checkIn(), with: server.client(identity))
            #expect(answer.status == 200)
            #expect(try await server.send("GET", "/health", with: crowd[0]).status == 200)
            crowd = []
            try await eventually { try await server.isServing() }
        }
    }

    @Test func oneAddressHasOnlySoManyConnectionsThatProveNothing() async throws {
        var limits = ServerLimits()
        limits.fromOneAddress = 4
        limits.handshake = .seconds(30)
        try await LiveServer.run(limits: limits) { server in
            // Four wait for their handshake; the others are closed before anything is signed for them.
            let closed = try await RawConnection.crowd(12, port: server.port, until: 8)
            #expect(closed == 8)
        }
    }

    private func eventually(_ holds: () async throws -> Bool) async throws {
        for _ in 0..<200 {
            // Refused for now: asked again.
            if (try? await holds()) == true { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("it never came")
    }
}
