import Catalog
import Domain
import Foundation
import Sealing
import Testing
import Wire

@testable import CoordinatorCore

@Suite(.timeLimit(.minutes(2)))
struct IdentityTests {
    private func request(_ join: JoinString, _ id: UUID, _ key: PrivateKey, name: String = "db-01") throws
        -> EnrolmentRequest
    {
        EnrolmentRequest(
            tokenId: join.tokenId, tokenSecret: join.secret, agentId: id, name: name,
            csr: try CertificateSigningRequest(key: key).pem(), holdfast: "0.1.0")
    }

    private func join(_ bench: Bench, uses: Int = 1) async throws -> JoinString {
        try JoinString(
            try await bench.coordinator.createToken(
                TokenRequest(expiresInSeconds: 3600, uses: uses, labels: [:]), by: bench.admin
            ).join)
    }

    @Test func aDirectoryIsInitialisedOnceAndUsedByOne() async throws {
        let bench = try await Bench()
        let paths = bench.coordinator.paths
        let second = #expect(throws: BackupError.self) {
            try Coordinator.initialise(paths: paths, hostnames: ["x"], now: bench.clock.now)
        }
        #expect(second?.code == .busy)
        let held = await #expect(throws: BackupError.self) {
            try await Coordinator.open(paths: paths, world: bench.coordinator.world, logger: Bench.quiet)
        }
        #expect(held?.code == .busy)
        try bench.coordinator.close()
        let third = #expect(throws: BackupError.self) {
            try Coordinator.initialise(paths: paths, hostnames: ["x"], now: bench.clock.now)
        }
        #expect(third?.code == .exists)
        let again = try await Coordinator.open(paths: paths, world: bench.coordinator.world, logger: Bench.quiet)
        #expect(again.serverIdentity.certificatePEM == bench.coordinator.serverIdentity.certificatePEM)
        #expect(try await again.authenticateOperator(token: bench.adminToken).role == .admin)
        try again.close()
        for file in ["catalog.sqlite", "ca-key.pem", "server-key.pem"] {
            let facts = try FileManager.default.attributesOfItem(atPath: bench.folder.appending(path: file).path)
            #expect(facts[.posixPermissions] as? Int == 0o600, "\(file)")
        }
    }

    @Test func aRevokedAgentIsToldSoWhenItJoinsAgainAndNobodyIsAlarmed() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await bench.coordinator.revokeAgent("db-01", by: bench.admin)
        let join = try await join(bench, uses: 2)
        for key in [agent.key, try PrivateKey()] {
            let error = await #expect(throws: BackupError.self) {
                try await bench.coordinator.enrol(request(join, agent.identity.id, key), remote: "a")
            }
            #expect(error?.code == .forbidden && error?.message.contains("was revoked for good") == true)
        }
        #expect(try await bench.coordinator.alerts(includeResolved: true, by: bench.admin).isEmpty)
    }

    @Test func aRepeatedJoinIsTheSameAgentAndAnotherKeyIsAlerted() async throws {
        let bench = try await Bench()
        let join = try await join(bench)
        let (id, key) = (UUID(), try PrivateKey())
        let first = try await bench.coordinator.enrol(request(join, id, key), remote: "a")
        let repeated = try await bench.coordinator.enrol(request(join, id, key), remote: "a")
        #expect(repeated.agentId == first.agentId && repeated.certificate != first.certificate)
        let usedUp = await #expect(throws: BackupError.self) {
            try await bench.coordinator.enrol(request(join, UUID(), PrivateKey(), name: "db-02"), remote: "b")
        }
        #expect(usedUp?.code == .forbidden)
        let more = try await self.join(bench, uses: 9)
        let clash = await #expect(throws: BackupError.self) {
            try await bench.coordinator.enrol(request(more, id, PrivateKey()), remote: "10.0.0.9")
        }
        #expect(clash?.code == .forbidden)
        let alerts = try await bench.coordinator.alerts(includeResolved: false, by: bench.admin)
        #expect(alerts.map(\.kind) == ["identity"])
        #expect(alerts.first?.detail.contains("10.0.0.9") == true)
        let taken = await #expect(throws: BackupError.self) {
            try await bench.coordinator.enrol(request(more, UUID(), PrivateKey()), remote: "c")
        }
        #expect(taken?.code == .exists)
        // Whoever holds a join string need not learn other agents' ids.
        #expect(taken?.message.contains(id.uuidString.lowercased()) == false)
        for name in ["", "../x", "a/b", "-x", "a b", String(repeating: "x", count: 64)] {
            await #expect(throws: BackupError.self) {
                try await bench.coordinator.enrol(request(more, UUID(), PrivateKey(), name: name), remote: "d")
            }
        }
        #expect(try await bench.coordinator.agents(by: bench.admin).map(\.name) == ["db-01"])
        // After a day without another try it is over by itself.
        bench.clock.advance(86_401)
        try await bench.coordinator.supervise()
        let left = try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).map(\.kind)
        #expect(!left.contains("identity"))
    }

    @Test func tokensExpireAndAreRevokedAndGuessesFail() async throws {
        let bench = try await Bench()
        let right = try await join(bench)
        let wrong = JoinString(
            url: right.url, caSha256: right.caSha256, tokenId: right.tokenId, secret: String(right.secret.reversed()))
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.enrol(request(wrong, UUID(), PrivateKey()), remote: "a")
        }
        let old = try await join(bench)
        bench.clock.advance(3601)
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.enrol(request(old, UUID(), PrivateKey()), remote: "a")
        }
        let revoked = try await join(bench)
        try await bench.coordinator.revokeToken(revoked.tokenId, by: bench.admin)
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.enrol(request(revoked, UUID(), PrivateKey()), remote: "a")
        }
        #expect(try await bench.coordinator.tokens(by: bench.admin).count { $0.role == nil } == 3)
        for text in ["", "hft_", "hft__", "hft_a_b", bench.adminToken + "0", String(bench.adminToken.dropLast())] {
            await #expect(throws: BackupError.self) { try await bench.coordinator.authenticateOperator(token: text) }
        }
        let id = String(bench.adminToken.split(separator: "_")[1])
        // The last administrator's token stays.
        await #expect(throws: BackupError.self) { try await bench.coordinator.revokeToken(id, by: bench.admin) }
        let second = OperatorTokenRecord(
            id: "second", secretHash: String(repeating: "0", count: 64), role: "admin", createdAt: bench.clock.now)
        try await bench.coordinator.catalog.write { try $0.add(second) }
        try await bench.coordinator.revokeToken(id, by: bench.admin)
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.authenticateOperator(token: bench.adminToken)
        }
    }

    @Test func anOperatorsTokenEndsByItselfAndTheLastAdminsCannotBeRevoked() async throws {
        let bench = try await Bench()
        let made = try await bench.coordinator.createOperatorToken(
            OperatorTokenRequest(role: "admin", name: "night watch", expiresInSeconds: 3600), by: bench.admin)
        #expect(try await bench.coordinator.authenticateOperator(token: made.token).role == .admin)
        let listed = try await bench.coordinator.tokens(by: bench.admin).first { $0.id == made.id }
        #expect(listed?.role == "admin" && listed?.name == "night watch" && listed?.expiresAt == made.expiresAt)
        bench.clock.advance(3600)
        let late = await #expect(throws: BackupError.self) {
            try await bench.coordinator.authenticateOperator(token: made.token)
        }
        #expect(late?.code == .forbidden)
        // What has run out holds no place: the first token is the last that is left.
        let last = await #expect(throws: BackupError.self) {
            try await bench.coordinator.revokeToken(bench.admin.tokenId, by: bench.admin)
        }
        #expect(last?.message.contains("--role admin") == true)
        for (role, seconds) in [("root", 3600), ("", 3600), ("viewer", 1), ("viewer", 40_000_000)] {
            let refused = await #expect(throws: BackupError.self) {
                try await bench.coordinator.createOperatorToken(
                    OperatorTokenRequest(role: role, expiresInSeconds: seconds), by: bench.admin)
            }
            #expect(refused?.code == .usage, "\(role) \(seconds)")
        }
    }

    @Test func whoHasTheDataDirectoryGetsInWithoutAToken() async throws {
        let bench = try await Bench()
        let paths = bench.coordinator.paths
        let held = #expect(throws: BackupError.self) {
            try Coordinator.addAdminToken(paths: paths, now: bench.clock.now)
        }
        #expect(held?.code == .busy)
        try bench.coordinator.close()
        let made = try Coordinator.addAdminToken(paths: paths, now: bench.clock.now)
        let again = try await Coordinator.open(paths: paths, world: bench.coordinator.world, logger: Bench.quiet)
        #expect(try await again.authenticateOperator(token: made.adminToken).role == .admin)
        #expect(try await again.authenticateOperator(token: bench.adminToken).role == .admin)
        #expect(made.caPEM == again.serverIdentity.caPEM)
        try again.close()
        let nowhere = CoordinatorPaths(dataDirectory: bench.folder.appending(path: "nowhere"))
        let missing = #expect(throws: BackupError.self) {
            try Coordinator.addAdminToken(paths: nowhere, now: bench.clock.now)
        }
        #expect(missing?.code == .notFound)
    }

    @Test func onlyOurOwnUnrevokedUnexpiredCertificatesCount() async throws {
        let (bench, other) = (try await Bench(), try await Bench())
        let (agent, stranger) = (try await bench.enrol("db-01"), try await other.enrol("db-01"))
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.authenticateAgent(
                certificateDER: stranger.certificate.der, now: bench.clock.now)
        }
        let server = try Certificate(pem: bench.coordinator.serverIdentity.certificatePEM)
        for der in [[], [0x30], server.der, Array(agent.certificate.der.dropLast())] {
            await #expect(throws: BackupError.self) {
                try await bench.coordinator.authenticateAgent(certificateDER: der, now: bench.clock.now)
            }
        }
        let late = bench.clock.now + 91 * 86_400
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.authenticateAgent(certificateDER: agent.certificate.der, now: late)
        }
        let csr = try CertificateSigningRequest(key: agent.key).pem()
        bench.clock.advance(100 * 86_400)
        let renewed = try await bench.coordinator.renew(RenewalRequest(agentId: agent.identity.id, csr: csr))
        let fresh = try Certificate(pem: renewed.certificate)
        #expect(
            try await bench.coordinator.authenticateAgent(certificateDER: fresh.der, now: bench.clock.now)
                == agent.identity)
        let thief = try CertificateSigningRequest(key: PrivateKey()).pem()
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.renew(RenewalRequest(agentId: agent.identity.id, csr: thief))
        }
        #expect(try await bench.coordinator.revokeAgent("db-01", by: bench.admin).state == .revoked)
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.authenticateAgent(certificateDER: fresh.der, now: bench.clock.now)
        }
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.renew(RenewalRequest(agentId: agent.identity.id, csr: csr))
        }
    }

    @Test func aRenewalComesTooLateAfterThirtyDays() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        bench.clock.advance(121 * 86_400)
        let csr = try CertificateSigningRequest(key: agent.key).pem()
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.renew(RenewalRequest(agentId: agent.identity.id, csr: csr))
        }
    }

    @Test func aRestoredCatalogOutrunsThePlanThatAnAgentHas() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        let plan = try #require(try await agent.checkIn(revision: 41).plan)
        #expect(plan.revision == 42)
        #expect(try await agent.checkIn(revision: 42).plan == nil)
    }
}
