import Domain
import Foundation
import Glibc
import TestSupport
import Testing
import Wire

/// `kill -9` of the agent in the middle of a dump of PostgreSQL (P8; faults 1, 2).
@Suite(.timeLimit(.minutes(10))) struct KilledDumpTests {
    @Test func afterAKillInMidDumpNothingIsLeftAndTheNextRunWorks() async throws {
        let host = try await DumpFleet(bandwidth: "1MB")
        defer { host.stop() }
        try await host.makeDatabase("shop")
        let agent = try await host.start(["{ name: shop, url: \"\(host.cluster.socketURL(database: "shop"))\" }"])
        defer { agent.kill() }
        try await host.fleet.holdfast("backup", "create")
        try await host.isInMidDump()
        agent.kill()
        #expect(try RegularFiles.below(host.fleet.local).contains { $0.hasSuffix(".partial") })
        #expect(try await host.s3.uploads() == 1)

        try agent.start()
        try await eventually("the run is terminal") {
            try await host.fleet.runStates() == ["failed"] ? true : nil
        }
        try await eventually("pg_dump has gone") { try await host.sessions() == "0\n" ? true : nil }
        try await host.expectNothingIsStored()

        try await host.apply()
        let output = try await host.fleet.run("backup", "create", "--wait")
        #expect(output.status == 0, "\(output.error)")
        #expect(try await host.fleet.runStates() == ["failed", "succeeded"])
        #expect(try RegularFiles.below(host.fleet.local).count == 3)
        #expect(try await host.s3.keys().count == 3)
        #expect(try await host.s3.uploads() == 0)
    }
}
