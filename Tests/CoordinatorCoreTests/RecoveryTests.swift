import Domain
import Foundation
import Synchronization
import Testing
import Wire

@testable import CoordinatorCore

/// The end of what was wrong is told to who heard of its beginning, once; each message says what to do next and when the last good
/// backup was.
@Suite struct RecoveryTests {
    /// Keeps what is posted.
    private final class Channel: Sendable {
        private let bodies = Mutex<[String]>([])

        var posts: [String] { bodies.withLock { $0 } }

        func take(_ request: WebhookRequest) -> WebhookAnswer {
            bodies.withLock { $0.append(String(decoding: request.body, as: UTF8.self)) }
            return WebhookAnswer(status: 200)
        }
    }

    private func bench(_ channel: Channel) async throws -> Bench {
        try await Bench(environment: ["BACKUP_SLACK_WEBHOOK": "https://hooks.example/x"]) { world in
            world.post = { (request) throws(BackupError) in channel.take(request) }
        }
    }

    private func report(_ event: RunEvent, _ agent: TestAgent, _ name: String, _ plan: Plan) async throws {
        let receipt = try await agent.send([
            agent.report(
                event, run: UUID(), database: name, nominalAt: agent.bench.clock.now, destinations: plan.destinations,
                failure: event == .failed ? Failure(code: "sourceRefused", message: "permission denied") : nil)
        ])
        #expect(receipt.refused.isEmpty)
    }

    @Test func thatItIsTriedAgainIsNoSuccess() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        func state() async throws -> DatabaseState? {
            try await bench.coordinator.status(by: bench.admin).databases.first?.state
        }
        try await report(.succeeded, agent, "inventory", plan)
        #expect(try await state() == .ok)
        for event in [RunEvent.failed, .started] {
            bench.clock.advance(60)
            try await report(event, agent, "inventory", plan)
            #expect(try await state() == .failing, "after \(event)")
        }
        bench.clock.advance(60)
        try await report(.succeeded, agent, "inventory", plan)
        #expect(try await state() == .ok)
    }

    @Test func theNextStepIsThatOfTheCause() {
        func words(_ kind: String, _ detail: String) -> String {
            NextStep.words(kind: kind, agent: "db-01", database: "shop", detail: detail)
        }
        let password = words(IncidentKind.failed, #"FATAL: password authentication failed for user "shop""#)
        #expect(password.contains("systemctl restart holdfast-agent") && password.contains("--database shop"))
        #expect(words(IncidentKind.failed, "connection refused").contains("holdfast-agent doctor"))
        #expect(words(IncidentKind.lacking, "").contains("holdfast catalog show"))
        #expect(words(IncidentKind.trouble, "").contains("doctor") && !words(IncidentKind.trouble, "").contains("ack"))
    }

    @Test func theEndOfAFailureIsOneMessage() async throws {
        let channel = Channel()
        let bench = try await bench(channel)
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("in'ventory")]).plan)
        try await report(.succeeded, agent, "in'ventory", plan)
        bench.clock.advance(60)
        try await report(.failed, agent, "in'ventory", plan)
        try await bench.coordinator.deliverAlerts()
        let failure = try #require(channel.posts.last)
        for part in [
            #""title":"Last good backup","value":"2026-03-01T00:00:"#, #""title":"Next step""#, "holdfast-agent doctor",
            #"holdfast backup create --database 'in'\\''ventory' --agent db-01 --wait"#,
        ] { #expect(failure.contains(part), "\(part): \(failure)") }
        bench.clock.advance(35 * 60)
        try await report(.succeeded, agent, "in'ventory", plan)
        try await bench.coordinator.deliverAlerts()
        #expect(channel.posts.count == 2)
        let end = try #require(channel.posts.last)
        for part in [
            #""color":"good""#, "Backup of in'ventory on db-01 works again", "it lasted 35 min, from 2026-03-01T00:01:",
            "permission denied",
        ] { #expect(end.contains(part), "\(part): \(end)") }
        #expect(!end.contains("Next step"))
        // Nor is it told again.
        bench.clock.advance(3600)
        try await report(.succeeded, agent, "in'ventory", plan)
        try await bench.coordinator.deliverAlerts()
        #expect(channel.posts.count == 2)
    }

    @Test func whatIsOverBeforeItWasToldIsOneMessage() async throws {
        let channel = Channel()
        let bench = try await bench(channel)
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        try await report(.failed, agent, "inventory", plan)
        bench.clock.advance(60)
        try await report(.succeeded, agent, "inventory", plan)
        try await bench.coordinator.deliverAlerts()
        #expect(channel.posts.count == 1)
        let body = try #require(channel.posts.first)
        #expect(body.contains("failed (over)") && body.contains("It is over since 2026-03-01T00:01:00Z"), "\(body)")
    }

    /// Nothing is well again because somebody knows of it, or decided something.
    @Test func whatAPersonEndsIsNoRecovery() async throws {
        let channel = Channel()
        let bench = try await bench(channel)
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        try await report(.failed, agent, "inventory", plan)
        try await bench.coordinator.deliverAlerts()
        _ = try await bench.coordinator.revokeAgent("db-01", by: bench.admin)
        try await bench.coordinator.deliverAlerts()
        #expect(try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).isEmpty)
        #expect(channel.posts.count == 1, "\(channel.posts)")
    }

    @Test func endsOfOneKindAreOneMessage() async throws {
        let channel = Channel()
        let bench = try await bench(channel)
        let agent = try await bench.enrol("db-01")
        let names = ["a", "b", "c"]
        let plan = try #require(try await agent.checkIn(databases: try names.map { try agent.facts($0) }).plan)
        for name in names { try await report(.failed, agent, name, plan) }
        try await bench.coordinator.deliverAlerts()
        bench.clock.advance(60)
        for name in names { try await report(.succeeded, agent, name, plan) }
        try await bench.coordinator.deliverAlerts()
        #expect(channel.posts.count == 2, "\(channel.posts)")
        let end = try #require(channel.posts.last)
        #expect(
            end.contains("Backup of a on db-01 works again, and 2 more") && end.contains("Backup of c on"), "\(end)")
    }

    /// A host that is gone is one cause: that it is offline, and that its backups do not come.
    @Test func whatIsOverdueOfAnOfflineHostSaysSoInOneMessage() async throws {
        let channel = Channel()
        let bench = try await bench(channel)
        let agent = try await bench.enrol("db-01")
        let names = ["a", "b"]
        let plan = try #require(try await agent.checkIn(databases: try names.map { try agent.facts($0) }).plan)
        for name in names { try await report(.succeeded, agent, name, plan) }
        bench.clock.advance(3 * 3600)
        try await bench.coordinator.supervise()
        try await bench.coordinator.deliverAlerts()
        #expect(channel.posts.count == 1, "\(channel.posts)")
        let body = try #require(channel.posts.first)
        for part in [
            "is overdue, and 2 more for the same reason", "its host is offline, last seen 2026-03-01T00:00:",
            "Agent db-01 is offline", #""title":"Host","value":"db-01""#, "last good backup: 2026-03-01T00:00:",
            "holdfast agent show db-01",
        ] { #expect(body.contains(part), "\(part): \(body)") }
        let details = try await bench.coordinator.alerts(includeResolved: false, by: bench.admin)
            .filter { $0.kind == "overdue" }.map(\.detail)
        #expect(details.count == 2 && details.allSatisfy { $0.hasPrefix("its host is offline") })

        // It is back, and the backups have yet to come: that is no longer for this cause.
        _ = try await agent.checkIn(databases: try names.map { try agent.facts($0) }, revision: plan.revision)
        try await bench.coordinator.supervise()
        try await bench.coordinator.deliverAlerts()
        #expect(channel.posts.count == 2 && channel.posts.last?.contains("Agent db-01 is back") == true)
        let later = try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).map(\.detail)
        #expect(later.count == 2 && later.allSatisfy { !$0.contains("offline") }, "\(later)")
        for name in names { try await report(.succeeded, agent, name, plan) }
        try await bench.coordinator.supervise()
        try await bench.coordinator.deliverAlerts()
        #expect(channel.posts.count == 3, "\(channel.posts)")
        #expect(channel.posts.last?.contains("is no longer overdue, and 1 more") == true, "\(channel.posts)")
    }

    @Test func anExpiredTokenSaysSoToItsHolderAlone() async throws {
        let bench = try await Bench()
        let made = try await bench.coordinator.createOperatorToken(
            OperatorTokenRequest(role: "viewer", name: "monitoring", expiresInSeconds: 3600), by: bench.admin)
        bench.clock.advance(3601)
        func refusal(_ token: String) async -> String? {
            do {
                _ = try await bench.coordinator.authenticateOperator(token: token)
                return nil
            } catch {
                return "\(error)"
            }
        }
        let told = await refusal(made.token)
        #expect(told?.contains("the token expired at 2026-03-01T01:00:00Z") == true, "\(told ?? "nothing")")
        let guessed = await refusal(String(made.token.dropLast(4)) + "0000")
        #expect(guessed?.contains("expired") == false, "\(guessed ?? "nothing")")
    }
}
