import Archive
import Domain
import Foundation
import Sealing
import Testing
import Transfer
import Wire

/// Who may speak as an agent: FAULTS 74 and 79.
@Suite(.timeLimit(.minutes(2)))
struct AgentIdentityTests {
    @Test func aHostJoinsAndChecksInWithItsCertificate() async throws {
        try await LiveServer.run { server in
            let (_, identity) = try await server.join("db-01")
            let answer = try await server.post("/v1/agent/check-in", checkIn(), with: server.client(identity))
            #expect(answer.status == 200)
            let response = try JSON.decoder().decode(CheckInResponse.self, from: Data(answer.body))
            #expect(ProtocolVersion.accepted.contains(response.version.rawValue))
        }
    }

    @Test func withoutACertificateThereIsNoAgentNotEvenWithATokenOfAnAdmin() async throws {
        try await LiveServer.run { server in
            for bearer in [nil, server.admin] {
                let answer = try await server.post("/v1/agent/check-in", checkIn(), bearer: bearer)
                #expect(answer.status == 401)
                #expect(try answer.problem().type == "urn:holdfast:forbidden")
                let reports = try await server.post("/v1/agent/reports", ReportBatch(items: []), bearer: bearer)
                #expect(reports.status == 401)
            }
        }
    }

    @Test func certificatesThatAreNotOursOrNotInTheirTimeDoNotPassTheHandshake() async throws {
        try await LiveServer.run { server in
            let (id, _) = try await server.join("db-01")
            let now = Date()
            let other = try CertificateAuthority.create(commonName: "another", now: now)
            let key = try PrivateKey()
            let forServers = try server.authority.issueServer(
                names: [ServerName("localhost")], publicKey: key.publicKey, now: now, days: 30)
            let bad: [(String, LiveServer.Identity)] = [
                ("another authority's", try server.identity(id, by: other, issuedAt: now)),
                ("expired", try server.identity(id, by: server.authority, issuedAt: now - 3 * 86_400, days: 1)),
                ("of tomorrow", try server.identity(id, by: server.authority, issuedAt: now + 86_400)),
                ("for servers", .init(certificate: try forServers.pem(), key: try key.pem())),
                ("the authority itself", .init(certificate: server.caPEM, key: try server.authority.key.pem())),
            ]
            for (what, identity) in bad {
                // The handshake of TLS 1.3 may fail as late as the first read; 403 is as good.
                do {
                    let answer = try await server.post("/v1/agent/check-in", checkIn(), with: server.client(identity))
                    #expect(answer.status == 403, "\(what) was let in")
                } catch let error as TransferError {
                    #expect([.tls, .reset, .other].contains(error.kind), "\(what): \(error.kind) \(error)")
                }
            }
            #expect(try await server.isServing())
        }
    }

    @Test func ourCertificateForAnAgentThatNeverJoinedIsRefused() async throws {
        try await LiveServer.run { server in
            let stranger = try server.identity(UUID(), by: server.authority, issuedAt: Date())
            let answer = try await server.post("/v1/agent/check-in", checkIn(), with: server.client(stranger))
            #expect(answer.status == 403)
        }
    }

    @Test func anotherKeyWithAKnownIdIsRefused() async throws {
        try await LiveServer.run { server in
            let (id, _) = try await server.join("db-01")
            let forged = try server.identity(id, by: server.authority, issuedAt: Date())
            let answer = try await server.post("/v1/agent/check-in", checkIn(), with: server.client(forged))
            #expect(answer.status == 403)
        }
    }

    @Test func revocationHoldsFromTheNextRequestOnAConnectionThatIsOpen() async throws {
        try await LiveServer.run { server in
            let (id, identity) = try await server.join("db-01")
            let client = server.client(identity)
            #expect(try await server.post("/v1/agent/check-in", checkIn(), with: client).status == 200)
            let revoked = try await server.send("POST", "/v1/agents/\(id)/revoke", bearer: server.admin)
            #expect((200..<300).contains(revoked.status))
            #expect(try await server.post("/v1/agent/check-in", checkIn(), with: client).status == 403)
        }
    }

    @Test func aReportThatNamesAnotherAgentIsRefused() async throws {
        try await LiveServer.run { server in
            let (_, identity) = try await server.join("db-01")
            let (victim, _) = try await server.join("db-02")
            let batch = ReportBatch(items: [try report(of: victim)])
            let answer = try await server.post("/v1/agent/reports", batch, with: server.client(identity))
            #expect(answer.status == 403)
            #expect(try await server.isServing())
        }
    }

    @Test func renewalWithACertificateOfSomebodyElseIsRefused() async throws {
        try await LiveServer.run { server in
            let (_, identity) = try await server.join("db-01")
            let (victim, _) = try await server.join("db-02")
            let request = RenewalRequest(
                agentId: victim, csr: try CertificateSigningRequest(key: PrivateKey(pem: identity.key)).pem())
            #expect(try await server.post("/v1/renew", request, with: server.client(identity)).status == 403)
        }
    }

    @Test func aCertificateIsNoOperatorsToken() async throws {
        try await LiveServer.run { server in
            let (_, identity) = try await server.join("db-01")
            #expect(try await server.send("GET", "/v1/status", with: server.client(identity)).status == 401)
        }
    }

    private func report(of agent: UUID) throws -> ReportBatch.Item {
        let json = """
            {"id":"\(UUID())","run":{"run":"\(UUID())","attempt":1,"sequence":1,"database":"d","kind":"sqlite",
            "policy":"p","tiers":["daily"],"nominalAt":"2026-01-15T02:00:00Z","at":"2026-01-15T02:00:00Z",
            "event":"succeeded","destinations":[],"manifest":{"format":1,"id":"\(UUID())","run":"\(UUID())","attempt":1,
            "agent":{"id":"\(agent)","name":"db-02"},"database":{"name":"d","kind":"sqlite"},"policy":"p",
            "tiers":["daily"],"nominalAt":"2026-01-15T02:00:00Z","startedAt":"2026-01-15T02:00:00Z",
            "snapshotAt":"2026-01-15T02:00:00Z","finishedAt":"2026-01-15T02:00:00Z","tool":"sqlite","objects":[],
            "restore":[],"holdfast":"0.1.0"}}}
            """
        return try JSON.decoder().decode(ReportBatch.Item.self, from: Data(json.utf8))
    }
}
