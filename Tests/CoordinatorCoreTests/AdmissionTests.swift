import Catalog
import Domain
import Foundation
import Sealing
import Testing
import Wire

@testable import CoordinatorCore

/// Hosts with certificates of our own authority that the catalog has forgotten: each is let in, or turned away, by a person's word.
@Suite struct AdmissionTests {
    /// A certificate that this coordinator gave out, and of which its catalog knows nothing.
    private func forgotten(_ bench: Bench, _ id: UUID = UUID()) throws -> Certificate {
        try bench.coordinator.authority.issueAgent(
            csrPEM: try CertificateSigningRequest(key: try PrivateKey()).pem(), agentID: id, now: bench.clock.now)
    }

    @discardableResult private func call(
        _ bench: Bench, _ certificate: Certificate, _ name: String?
    ) async throws -> String {
        do throws(BackupError) {
            return try await bench.coordinator.authenticateAgent(
                certificateDER: certificate.der, now: bench.clock.now, name: name, remote: "127.0.0.9"
            ).name
        } catch {
            #expect(error.code == .forbidden)
            return error.message
        }
    }

    @Test func oneThatCannotBeAdmittedKeepsNoneOut() async throws {
        let bench = try await Bench()
        _ = try await bench.enrol("db-01")
        try await call(bench, try forgotten(bench), "db-02")
        // Another host has its name, and one that says none.
        try await call(bench, try forgotten(bench), "db-01")
        try await call(bench, try forgotten(bench), "no name; at all")
        let answer = try await bench.coordinator.admit(AdmitRequest(agents: []), by: bench.admin)
        #expect(answer.filter { $0.refusal == nil }.map(\.name) == ["db-02"], "\(answer)")
        #expect(answer.compactMap(\.refusal).contains { $0.contains("another agent is called db-01") })
        let state = try await bench.coordinator.catalogState(by: bench.admin)
        #expect(state.strangers.count == 2, "they go on waiting")
    }

    @Test func oneThatIsTurnedAwayIsRevokedAndWaitsNoMore() async throws {
        let bench = try await Bench()
        let certificate = try forgotten(bench)
        try await call(bench, certificate, "db-03")
        _ = try await bench.coordinator.admit(AdmitRequest(agents: ["db-03"], refuse: true), by: bench.admin)
        #expect(try await call(bench, certificate, "db-03").contains("was revoked"))
        #expect(try await bench.coordinator.catalogState(by: bench.admin).strangers == [])
        // Its name is free for the host that comes in its place.
        _ = try await bench.enrol("db-03")
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.admit(AdmitRequest(agents: [], refuse: true), by: bench.admin)
        }
    }

    @Test func ofTwoKeysOfOneHostTheOneThatWasGivenOutLastIsAdmitted() async throws {
        let bench = try await Bench()
        let id = UUID()
        let old = try forgotten(bench, id)
        bench.clock.advance(3600)
        let new = try forgotten(bench, id)
        for certificate in [new, old] { try await call(bench, certificate, "db-01") }
        let waiting = try await bench.coordinator.catalogState(by: bench.admin).strangers
        #expect(waiting.map(\.key) == [new.keyFingerprint])
        _ = try await bench.coordinator.admit(AdmitRequest(agents: [id.uuidString]), by: bench.admin)
        #expect(try await call(bench, new, "db-01") == "db-01")
        #expect(try await call(bench, old, "db-01").contains("key is not that of"))
    }

    @Test func aNameThatTwoSayIsNobodys() async throws {
        let bench = try await Bench()
        for _ in 0..<2 { try await call(bench, try forgotten(bench), "db-01") }
        let error = await #expect(throws: BackupError.self) {
            try await bench.coordinator.admit(AdmitRequest(agents: ["db-01"]), by: bench.admin)
        }
        #expect(error?.code == .usage && error?.message.contains("name the id") == true)
    }

    @Test func allAtOnceGivesNobodyANameThatTwoSay() async throws {
        let bench = try await Bench()
        for _ in 0..<2 { try await call(bench, try forgotten(bench), "db-01") }
        try await call(bench, try forgotten(bench), "db-02")
        let answer = try await bench.coordinator.admit(AdmitRequest(agents: []), by: bench.admin)
        #expect(answer.filter { $0.refusal == nil }.map(\.name) == ["db-02"])
    }

    @Test func nobodyCallsItselfByAnothersId() async throws {
        let bench = try await Bench()
        let id = UUID()
        try await call(bench, try forgotten(bench, id), "db-01")
        let attacker = UUID()
        try await call(bench, try forgotten(bench, attacker), id.uuidString.lowercased())
        let answer = try await bench.coordinator.admit(
            AdmitRequest(agents: [id.uuidString.lowercased()]), by: bench.admin)
        #expect(answer.map(\.id) == [id])
        #expect(try await bench.coordinator.catalog.read { try $0.agent(attacker) } == nil)
    }

    @Test func whoJoinedMeanwhileWaitsNoMoreAndIsNotTurnedAway() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-07")
        _ = bench.coordinator.strangers.note(
            .init(certificate: agent.certificate, name: "db-07", remote: "127.0.0.9", at: bench.clock.now),
            id: agent.identity.id)
        #expect(try await bench.coordinator.catalogState(by: bench.admin).strangers == [])
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.admit(AdmitRequest(agents: ["db-07"], refuse: true), by: bench.admin)
        }
        #expect(try await bench.coordinator.catalog.read { try $0.agent(agent.identity.id)?.revokedAt } == nil)
    }
}
