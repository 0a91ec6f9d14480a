import Domain
import Foundation
import Glibc
import TestSupport
import Testing
import Wire

/// `kill -9` of the agent in the middle of a dump of PostgreSQL, or of a copy of SQLite (P8; faults 1, 2).
@Suite(.timeLimit(.minutes(10))) struct KilledDumpTests {
    @Test func afterAKillInMidDumpNothingIsLeftAndTheNextRunWorks() async throws {
        let host = try await DumpFleet(bandwidth: "1MB")
        defer { host.stop() }
        try await host.makeDatabase("shop")
        let agent = try await host.start(["{ name: shop, url: \"\(host.cluster.socketURL(database: "shop"))\" }"])
        defer { agent.kill() }
        try await host.fleet.holdfast("backup", "create")
        try await host.isInMidDump()
        try await eventually("the agent knows its upload") { try agent.hasNotedAnUpload() ? true : nil }
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
        let output = try await host.fleet.backUp()
        #expect(output.status == 0, "\(output.error)")
        #expect(try await host.fleet.runStates() == ["failed", "succeeded"])
        // Roles, the database's properties, the dump and the manifest.
        #expect(try RegularFiles.below(host.fleet.local).count == 4)
        #expect(try await host.s3.keys().count == 4)
        #expect(try await host.s3.uploads() == 0)
    }

    /// 200 MB are copied and looked through before any of them is sent; meanwhile the copy lies in the agent's own folder.
    @Test func afterAKillInMidCopyTheCopyGoesAndTheNextRunWorks() async throws {
        let host = try await FaultFleet(megabytes: 200)
        defer { host.stop() }
        let scratch = host.agent.data.appending(path: "scratch")
        try host.agent.start()
        try await host.begin()
        try await eventually("the copy has begun") { try RegularFiles.below(scratch).isEmpty ? nil : true }
        host.agent.kill()
        #expect(try !RegularFiles.below(scratch).isEmpty, "it was killed too late")
        #expect(host.files.filter { !$0.hasSuffix(".partial") } == [])

        try host.agent.start()
        try await eventually("the run is terminal") {
            try await host.fleet.runStates() == ["failed"] ? true : nil
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == [])
        #expect(try RegularFiles.below(host.fleet.local) == [])
        #expect(try await host.backups().isEmpty)

        let shrunk = try await ProgramOutput.of(
            "sqlite3", [host.database.path, "DELETE FROM t WHERE rowid > 1; VACUUM"])
        #expect(shrunk.status == 0, "\(shrunk.error)")
        let output = try await host.backup()
        #expect(output.status == 0, "\(output.error)")
        #expect(host.files.count == 2)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == [])
    }
}
