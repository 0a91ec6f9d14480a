import Domain
import Foundation
import Synchronization
import TestSupport
import Testing
import Wire

/// One host says more than a host has to say, and the others have their turn all the while (D4).
@Suite(.timeLimit(.minutes(5))) struct FloodTests {
    @Test func operatorsAreAnsweredWhileAHostPoursOutDatabasesAndReports() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let host = try await fleet.join("db-01", "databases: []\n")
        let now = Date()

        func facts(_ count: Int) throws -> [UInt8] {
            let databases = try (0..<count).map { number in
                DatabaseFacts(
                    name: try DatabaseName("invented-\(number)"), kind: .sqlite, labels: ["env": "prod"],
                    serverVersion: "3", tool: "sqlite", sizeBytes: 1, problem: nil)
            }
            return Array(
                try JSON.encoder().encode(
                    CheckInRequest(
                        holdfast: "0.1.0", bootId: "b", clock: now, planRevision: 0, running: [], spoolDepth: 0,
                        databases: databases, receivedCommands: [], commands: [], waitSeconds: 0)))
        }
        let tooMany = try facts(5500)
        let (refused, whileRefused) = try await asking(fleet) {
            try await fleet.post("/v1/agent/check-in", tooMany, host.identity)
        }
        let words = String(decoding: refused.body, as: UTF8.self)
        #expect(refused.status == 400 && words.contains("5500 databases, and at most 5000"), "\(words)")
        #expect(whileRefused < .seconds(10))
        #expect(try await fleet.catalog("SELECT count(*) FROM database") == ["0"])

        // As many as a host may have.
        let many = try facts(5000)
        let (heard, whileHeard) = try await asking(fleet) {
            try await fleet.post("/v1/agent/check-in", many, host.identity)
        }
        #expect(heard.status == 200, "\(String(decoding: heard.body, as: UTF8.self))")
        #expect(whileHeard < .seconds(10))

        let items = try (0..<1000).map { number in
            ReportBatch.Item(
                id: UUID(),
                run: RunReport(
                    run: UUID(), attempt: 1, sequence: 1, database: try DatabaseName("invented-\(number)"),
                    kind: .sqlite, policy: "all", tiers: [.daily], nominalAt: now, at: now, event: .failed,
                    failure: Failure(code: "integrity", message: "invented")))
        }
        let batch = Array(try JSON.encoder().encode(ReportBatch(items: items)))
        let (taken, whileTaken) = try await asking(fleet) {
            try await fleet.post("/v1/agent/reports", batch, host.identity)
        }
        #expect(taken.status == 200)
        let receipt = try JSON.decoder().decode(ReportReceipt.self, from: taken.body)
        #expect(receipt.acknowledged.count == 1000 && receipt.refused.isEmpty)
        #expect(whileTaken < .seconds(10))
        let one = Array(try JSON.encoder().encode(ReportBatch(items: items + items.prefix(1))))
        #expect(try await fleet.post("/v1/agent/reports", one, host.identity).status == 400)
    }

    /// What the work brings, and how long the slowest `holdfast status` took meanwhile.
    private func asking<Value: Sendable>(
        _ fleet: Fleet, _ work: () async throws -> Value
    ) async throws -> (Value, Duration) {
        let isOver = Flag()
        async let slowest = {
            let clock = ContinuousClock()
            var slowest = Duration.zero
            repeat {
                let began = clock.now
                try await fleet.holdfast("status")
                slowest = max(slowest, clock.now - began)
            } while !isOver.isSet
            return slowest
        }()
        let value: Value
        do {
            value = try await work()
            isOver.set()
        } catch {
            isOver.set()
            throw error
        }
        return (value, try await slowest)
    }

    private final class Flag: Sendable {
        private let state = Mutex(false)
        var isSet: Bool { state.withLock { $0 } }
        func set() { state.withLock { $0 = true } }
    }
}
