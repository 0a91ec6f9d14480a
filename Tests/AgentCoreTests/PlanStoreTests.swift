import Archive
import Domain
import Foundation
import TestSupport
import Testing
import Wire

@testable import AgentCore

/// A plan that cannot be read is no empty plan: backups do not stop for it in silence (C12).
@Suite struct PlanStoreTests {
    private func plan(_ host: AgentHost, revision: Int) throws -> Plan {
        Plan(revision: revision, entries: [try host.job().entry], destinations: [host.local])
    }

    @Test func aDamagedPlanIsTakenFromItsCopy() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let plan = try plan(host, revision: 7)
        try await PlanStore(file: host.paths.plan).replace(plan)
        for damage in ["", "{\"revision\": 7, \"entr", "\u{0}\u{0}"] {
            try Data(damage.utf8).write(to: host.paths.plan)
            let store = PlanStore(file: host.paths.plan)
            #expect(await store.current == plan)
            #expect(await store.trouble == nil)
            await store.mend()
            #expect(try DurableFile<Plan>(url: host.paths.plan).load() == plan)
        }
        try FileManager.default.removeItem(at: host.paths.plan)
        #expect(await PlanStore(file: host.paths.plan).current == plan)
    }

    /// A plan of before there were copies gets one.
    @Test func anOlderAgentsPlanGetsItsCopy() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let plan = try plan(host, revision: 7)
        try DurableFile(url: host.paths.plan).save(plan)
        await PlanStore(file: host.paths.plan).mend()
        try FileManager.default.removeItem(at: host.paths.plan)
        #expect(await PlanStore(file: host.paths.plan).current == plan)
    }

    @Test func withoutAnyPlanThatCanBeReadThereIsTroubleUntilThereIsOne() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        #expect(await PlanStore(file: host.paths.plan).trouble == nil, "a new agent never had one")
        try await PlanStore(file: host.paths.plan).replace(plan(host, revision: 7))
        for name in ["plan.json", "plan-copy.json"] {
            try Data("{".utf8).write(to: host.paths.data.appending(path: name))
        }
        let store = PlanStore(file: host.paths.plan)
        #expect(await store.current == .empty)
        let trouble = try #require(await store.trouble)
        #expect(trouble.contains("plan.json") && trouble.contains("no backup is due"))
        try await store.replace(plan(host, revision: 8))
        #expect(await store.trouble == nil)
        #expect(await PlanStore(file: host.paths.plan).current.revision == 8)
    }
}
