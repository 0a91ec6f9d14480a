import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// `holdfast run cancel` and `holdfast operation cancel`, between built programs.
@Suite(.timeLimit(.minutes(10))) struct CancelledWorkTests {
    @Test func aRunIsCancelledInTheMiddleOfItsUploadAndTwice() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let slow = s3.destination.replacing(" } }", with: ", bandwidth: 1MB } }")
        let host = try await FaultFleet(
            destinations: [("offsite", slow)], megabytes: 60, coordinator: s3.credentials("coordinator"),
            agent: s3.credentials("agent"))
        defer { host.stop() }
        try host.agent.start()
        try await host.begin()
        try await host.isUploading(to: s3)
        let run = try #require(try await host.fleet.catalog("SELECT id FROM run").first)
        let output = try await host.fleet.run("run", "cancel", String(run.prefix(8)))
        #expect(output.status == 0 && output.text.contains("cancelled"), "\(output)")
        #expect(try await host.fleet.run("run", "cancel", run).status == 0)
        #expect(try await host.fleet.runStates() == ["cancelled"])
        #expect(try await host.backups().isEmpty)
        try await eventually("nothing is left in the bucket") {
            let (keys, uploads) = (try await s3.keys(), try await s3.uploads())
            return keys.isEmpty && uploads == 0 ? true : nil
        }
        let unknown = try await host.fleet.run("run", "cancel", "ffff0000")
        #expect(unknown.status == 5, "\(unknown)")
    }

    @Test func aRunThatItsHostHasNotTakenNeverBegins() async throws {
        let host = try await FaultFleet()
        defer { host.stop() }
        try host.agent.start()
        try await host.known()
        host.agent.kill()
        // What was held for it is answered into nowhere first.
        try await Task.sleep(for: .seconds(2))
        try await host.fleet.holdfast("backup", "create")
        let run = try #require(try await host.fleet.catalog("SELECT id FROM run").first)
        let output = try await host.fleet.run("run", "cancel", run)
        #expect(output.status == 0, "\(output)")
        try host.agent.start()
        #expect(try await host.backup().status == 0)
        #expect(try await host.fleet.runStates().sorted() == ["cancelled", "succeeded"])
        #expect(try await host.backups().count == 1)
    }

    @Test func aVerificationOnAHostIsCancelled() async throws {
        let host = try await FaultFleet()
        defer { host.stop() }
        let grown = try await ProgramOutput.of(
            "sqlite3",
            [
                host.database.path,
                """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
                INSERT INTO t SELECT zeroblob(1048576) FROM n;
                """,
            ])
        #expect(grown.status == 0)
        try host.agent.start()
        #expect(try await host.backup().status == 0)
        async let verified = host.fleet.run("backup", "verify", "--all")
        let operation = try await eventually("the host reads") {
            try await host.fleet.catalog(
                "SELECT operation FROM command WHERE operation IS NOT NULL AND receivedAt IS NOT NULL"
            ).first
        }
        let cancelled = try await host.fleet.run("operation", "cancel", operation)
        #expect(cancelled.status == 0 && cancelled.text.contains("cancelled"), "\(cancelled)")
        let output = try await verified
        #expect(output.status == 130, "\(output)")
        #expect(try await host.backups().map(\.state) == [.good])
    }
}
