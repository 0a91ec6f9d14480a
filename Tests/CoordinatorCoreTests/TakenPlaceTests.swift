import Catalog
import Domain
import Foundation
import Sealing
import Testing
import Wire

@testable import CoordinatorCore

/// Who has a name: a host whose answer was lost, one that was built anew, and one that only claims it (issue 8, C6 and D6).
@Suite(.timeLimit(.minutes(2)))
struct TakenPlaceTests {
    private func join(_ bench: Bench, replacing: String? = nil, uses: Int = 1) async throws -> JoinString {
        try JoinString(
            try await bench.coordinator.createToken(
                TokenRequest(expiresInSeconds: 3600, uses: uses, labels: [:], replaces: replacing), by: bench.admin
            ).join)
    }

    private func enrol(
        _ bench: Bench, _ join: JoinString, _ key: PrivateKey, id: UUID = UUID(), name: String = "db-01"
    ) async throws -> EnrolmentResponse {
        try await bench.coordinator.enrol(
            EnrolmentRequest(
                tokenId: join.tokenId, tokenSecret: join.secret, agentId: id, name: name,
                csr: try CertificateSigningRequest(key: key).pem(), holdfast: "0.1.0"), remote: "10.0.0.9")
    }

    private func agent(_ bench: Bench, _ answer: EnrolmentResponse, _ key: PrivateKey) throws -> TestAgent {
        let certificate = try Certificate(pem: answer.certificate)
        return TestAgent(
            identity: AgentIdentity(id: answer.agentId, name: answer.name, key: certificate.keyFingerprint), key: key,
            certificate: certificate, bench: bench)
    }

    private func spki(_ key: PrivateKey) -> String { Data(key.publicKey.spki).base64EncodedString() }

    /// The host kept its key, and never heard under which id it joined.
    @Test func anAnswerThatWasLostIsGivenAgainToTheSameKey() async throws {
        let bench = try await Bench()
        let (join, key) = (try await join(bench), try PrivateKey())
        let first = try await enrol(bench, join, key)
        let again = try await enrol(bench, join, key)
        #expect(again.agentId == first.agentId && again.name == "db-01" && again.predecessors == nil)
        let certificate = try Certificate(pem: again.certificate)
        #expect(certificate.agentID == first.agentId)
        _ = try await bench.coordinator.authenticateAgent(certificateDER: certificate.der, now: bench.clock.now)
        // With another string it is still the same, and that one is used.
        let other = try await self.join(bench)
        #expect(try await enrol(bench, other, key, name: "db-02").name == "db-01")
        let usedUp = await #expect(throws: BackupError.self) { try await enrol(bench, other, PrivateKey(), name: "x") }
        #expect(usedUp?.code == .forbidden)
        #expect(try await bench.coordinator.agents(by: bench.admin).map(\.name) == ["db-01"])
        bench.clock.advance(3601)
        await #expect(throws: BackupError.self) { try await enrol(bench, join, key) }
    }

    @Test func aHostThatReplacesAnotherHasItsIdNameBackupsAndTrust() async throws {
        let bench = try await Bench()
        let old = try await bench.enrol("db-01", labels: ["env": "prod"])
        let first = AgentProcess(instance: UUID(), generation: 7, host: "old")
        _ = try await old.checkIn(databases: [old.facts("inventory")], process: first)
        try await old.send(
            [old.report(.succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now)],
            instance: first.instance)
        let (join, key) = (try await join(bench, replacing: "db-01"), try PrivateKey())
        // Until somebody took its place it is the agent.
        _ = try await old.checkIn(revision: 1, process: first)
        // It waits for news while that happens; one that comes only afterwards is refused as well.
        let held = Task { try await old.checkIn(revision: 1, wait: 30, process: first) }
        try await Task.sleep(for: .milliseconds(200))
        let answer = try await enrol(bench, join, key, name: "another-name")
        #expect(answer.agentId == old.identity.id && answer.name == "db-01" && answer.predecessors == [spki(old.key)])
        let refused = await #expect(throws: BackupError.self) { try await held.value }
        #expect(refused?.code == .forbidden)
        // The answer may have been lost.
        let again = try await enrol(bench, join, key)
        #expect(again.agentId == answer.agentId && again.predecessors == answer.predecessors)
        let late = await #expect(throws: BackupError.self) {
            try await bench.coordinator.authenticateAgent(certificateDER: old.certificate.der, now: bench.clock.now)
        }
        #expect(late?.code == .forbidden && late?.message.contains("took its place") == true)
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.renew(
                RenewalRequest(agentId: old.identity.id, csr: CertificateSigningRequest(key: old.key).pem()))
        }
        let new = try agent(bench, again, key)
        #expect(
            try await bench.coordinator.authenticateAgent(certificateDER: new.certificate.der, now: bench.clock.now)
                == new.identity)
        let shown = try await bench.coordinator.agent("db-01", by: bench.admin)
        #expect(shown.state == .new && shown.labels == ["env": "prod"])
        // It has nothing of before: all is asked for and told anew, and it is no copy of the other.
        let second = AgentProcess(instance: UUID(), generation: 1, host: "new")
        let welcome = try await new.checkIn(process: second)
        #expect(welcome.wantsDatabases && welcome.plan != nil && welcome.nonce != nil)
        _ = try await new.checkIn(databases: [new.facts("inventory")], process: second)
        bench.clock.advance(60)
        let receipt = try await new.send(
            [new.report(.succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now)],
            instance: second.instance)
        #expect(receipt.refused.isEmpty)
        #expect(try await bench.coordinator.backups(BackupQuery(agent: "db-01"), by: bench.admin).count == 2)
        #expect(try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).isEmpty)
        // The key of before has no way back, whatever string it has.
        let back = try await self.join(bench, replacing: "db-01")
        let error = await #expect(throws: BackupError.self) {
            try await enrol(bench, back, old.key, id: old.identity.id)
        }
        #expect(error?.code == .forbidden)
        let third = try PrivateKey()
        #expect(try await enrol(bench, back, third).predecessors == [spki(old.key), spki(key)])
    }

    /// Whoever holds a join string can do it, so it is told until somebody has looked.
    @Test func whoTakesARevokedHostsNameIsTold() async throws {
        let bench = try await Bench()
        _ = try await bench.enrol("db-01")
        _ = try await bench.coordinator.revokeAgent("db-01", by: bench.admin)
        let string = try await join(bench, uses: 1)
        _ = try await bench.coordinator.enrol(
            EnrolmentRequest(
                tokenId: string.tokenId, tokenSecret: string.secret, agentId: UUID(),
                name: "db-01", csr: CertificateSigningRequest(key: PrivateKey()).pem(), holdfast: "0.1.0"),
            remote: "10.0.0.9")
        let alert = try #require(try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).first)
        #expect(alert.kind == "name-taken" && alert.detail.contains("10.0.0.9"))
        #expect(try await bench.coordinator.status(by: bench.admin).incidents.map(\.kind) == ["name-taken"])
        _ = try await bench.coordinator.acknowledgeAlert(String(alert.id), by: bench.admin)
        #expect(try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).isEmpty)
    }

    @Test func theNameOfARevokedHostComesBackWithItsBackupsAndWithoutItsTrust() async throws {
        let bench = try await Bench()
        let old = try await bench.enrol("db-01")
        _ = try await old.checkIn(databases: [old.facts("inventory")])
        try await old.send([
            old.report(.succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now)
        ])
        _ = try await bench.coordinator.revokeAgent("db-01", by: bench.admin)
        let (join, key) = (try await join(bench, uses: 5), try PrivateKey())
        // Not for its own key, under whatever id or name.
        for (id, name) in [(old.identity.id, "db-01"), (UUID(), "db-01"), (UUID(), "db-02")] {
            let error = await #expect(throws: BackupError.self) {
                try await enrol(bench, join, old.key, id: id, name: name)
            }
            #expect(error?.message.contains("was revoked for good") == true)
        }
        let answer = try await enrol(bench, join, key)
        #expect(answer.agentId == old.identity.id && answer.predecessors == nil)
        let new = try agent(bench, answer, key)
        _ = try await new.checkIn(databases: [new.facts("inventory")])
        #expect(try await bench.coordinator.backups(BackupQuery(agent: "db-01"), by: bench.admin).count == 1)
        #expect(try await bench.coordinator.agent("db-01", by: bench.admin).state == .online)
        // Now the name is taken again.
        let taken = await #expect(throws: BackupError.self) { try await enrol(bench, join, PrivateKey()) }
        #expect(taken?.code == .exists && taken?.message.contains("--replace db-01") == true)
    }

    @Test func aStringThatReplacesIsForOneAgentOnceAndAnAdminsToMake() async throws {
        let bench = try await Bench()
        for name in ["db-01", "db-02"] { _ = try await bench.enrol(name) }
        let lesser = OperatorIdentity(tokenId: "t", role: .restorer)
        for (uses, seconds, replaces) in [(1, 3600, "db-01"), (2, 3600, nil), (1, 86_401, nil)] {
            let error = await #expect(throws: BackupError.self) {
                try await bench.coordinator.createToken(
                    TokenRequest(expiresInSeconds: seconds, uses: uses, labels: [:], replaces: replaces), by: lesser)
            }
            #expect(error?.code == .forbidden, "\(uses) \(seconds)")
        }
        _ = try await bench.coordinator.createToken(
            TokenRequest(expiresInSeconds: 86_400, uses: 1, labels: [:]), by: lesser)
        let more = await #expect(throws: BackupError.self) { try await join(bench, replacing: "db-01", uses: 2) }
        #expect(more?.code == .usage)
        let nobody = await #expect(throws: BackupError.self) { try await join(bench, replacing: "db-09") }
        #expect(nobody?.code == .notFound)
        let string = try await join(bench, replacing: "db-01")
        let listed = try await bench.coordinator.tokens(by: bench.admin)
        #expect(listed.compactMap(\.replaces) == ["db-01"])
        // A host that is another agent already does not become this one.
        let other = try #require(try await bench.coordinator.agents(by: bench.admin).first { $0.name == "db-02" })
        let error = await #expect(throws: BackupError.self) {
            try await enrol(bench, string, PrivateKey(), id: other.id)
        }
        #expect(error?.code == .usage)
        _ = try await enrol(bench, string, PrivateKey())
        await #expect(throws: BackupError.self) { try await enrol(bench, string, PrivateKey()) }
    }

    @Test func namesThatLookLikeIdsOrLikeAnotherOnesAreRefused() async throws {
        let bench = try await Bench()
        let known = try await bench.enrol("db-01")
        let join = try await join(bench, uses: 9)
        let like = await #expect(throws: BackupError.self) { try await enrol(bench, join, PrivateKey(), name: "DB-01") }
        #expect(like?.code == .exists && like?.message.contains("capital letters") == true)
        for id in [known.identity.id.uuidString, known.identity.id.uuidString.lowercased()] {
            let error = await #expect(throws: BackupError.self) {
                try await enrol(bench, join, PrivateKey(), name: id)
            }
            #expect(error?.code == .usage && error?.message.contains("looks like an id") == true)
        }
        // One of before is still there under its name; an id is never taken for it.
        let id = known.identity.id.uuidString.lowercased()
        try await bench.coordinator.catalog.write { update in
            try update.add(
                AgentRecord(
                    id: UUID(), name: id, labels: [:], keyFingerprint: String(repeating: "0", count: 64),
                    certificateFingerprint: "", certificateNotAfter: bench.clock.now, joinToken: "t",
                    enrolledAt: bench.clock.now))
        }
        #expect(try await bench.coordinator.agent(id, by: bench.admin).name == "db-01")
        #expect(try await bench.coordinator.revokeAgent(id, by: bench.admin).name == "db-01")
    }
}
