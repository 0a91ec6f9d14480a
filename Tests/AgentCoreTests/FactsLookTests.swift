import Domain
import Foundation
import Logging
import TestSupport
import Testing
import Wire

@testable import AgentCore

/// What the agent asks its databases between backups.
@Suite(.timeLimit(.minutes(3)))
struct FactsLookTests {
    /// Who logs in again and again with a wrong password is locked out, or wakes somebody.
    @Test func aRefusedPasswordIsNotTriedAgainWithEveryRound() async throws {
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        let host = try await AgentHost()
        defer { host.remove() }
        let yaml = "databases:\n  - { name: shop, url: \"\(cluster.url(database: "postgres", password: "wrong"))\" }\n"
        let settings = try AgentConfiguration(yaml: yaml, file: "agent.yaml", environment: [:]).databases
        let look = FactsLook(
            engines: EngineCatalog(LiveConfiguration(AgentConfiguration(databases: settings)), paths: host.paths),
            logger: Logger(label: "test"))
        func refusals() throws -> Int {
            try String(contentsOfFile: cluster.folder + ".log", encoding: .utf8)
                .components(separatedBy: "password authentication failed").count - 1
        }
        let first = await look.round(settings)
        #expect(first[0].problem?.contains("password authentication failed") == true, "\(first)")
        let once = try refusals()
        #expect(once > 0)
        for _ in 0..<3 { #expect(await look.round(settings) == first) }
        #expect(try refusals() == once)
        // The configuration was read again: it may be another one.
        await look.forget()
        _ = await look.round(settings)
        #expect(try refusals() > once)
    }
}
