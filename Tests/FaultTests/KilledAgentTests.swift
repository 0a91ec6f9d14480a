import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// `kill -9` of the agent at every durable step: afterwards the run ends in one terminal state, nothing half done is left,
/// and the next run works (P8; faults 1 to 5).
@Suite(.timeLimit(.minutes(10))) struct KilledAgentTests {
    @Test(arguments: ["admitted", "sealed", "manifest", "spooled"])
    func aKillAtADurableStepLosesNothing(point: String) async throws {
        let host = try await FaultFleet(retries: 3)
        defer { host.stop() }
        try host.agent.start(["HOLDFAST_FAULT": point])
        try await host.begin()
        #expect(host.agent.wait(milliseconds: 60_000) == 128 + SIGKILL)
        try host.agent.start()
        let backup = try await eventually("the run ends after the restart") { try await host.backups().first }
        #expect(backup.state == .good)
        #expect(host.files.count == 2, "\(host.files)")
        #expect(try await host.backup().status == 0)
        #expect(try await host.backups().count == 2)
        #expect(try await host.fleet.run("backup", "verify", "--all").status == 0)
    }

    @Test func aKillWhileUploadingLeavesNoUploadAndNoObject() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        // 1 MB/s for 30 MB: the kill falls into the upload.
        let slow = s3.destination.replacing(" } }", with: ", bandwidth: 1MB } }")
        let host = try await FaultFleet(
            destinations: [("offsite", slow)], megabytes: 30, coordinator: s3.credentials("coordinator"),
            agent: s3.credentials("agent"))
        defer { host.stop() }
        try host.agent.start()
        try await host.begin()
        try await eventually("the upload has begun") { try await s3.uploads() > 0 ? true : nil }
        host.agent.kill()
        #expect(try await s3.keys().isEmpty)
        try host.agent.start()
        try await eventually("the upload is aborted") { try await s3.uploads() == 0 ? true : nil }
        let run = try await eventually("the run is terminal") {
            try await host.fleet.list([DatabaseView].self, "database", "list").first?.lastError
        }
        #expect(run.isEmpty == false)
        #expect(try await s3.keys().isEmpty)
        #expect(try await host.backups().isEmpty)
    }

    @Test func sigtermDuringARunEndsItCleanlyWithinThirtySeconds() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let slow = s3.destination.replacing(" } }", with: ", bandwidth: 1MB } }")
        let host = try await FaultFleet(
            destinations: [("offsite", slow)], megabytes: 30, coordinator: s3.credentials("coordinator"),
            agent: s3.credentials("agent"))
        defer { host.stop() }
        try host.agent.start()
        try await host.begin()
        try await eventually("the upload has begun") { try await s3.uploads() > 0 ? true : nil }
        #expect(host.agent.terminate() == 0)
        #expect(try await s3.uploads() == 0)
        #expect(try await s3.keys().isEmpty)
        try host.agent.start()
        let error = try await eventually("the report is delivered") {
            try await host.fleet.list([DatabaseView].self, "database", "list").first?.lastError
        }
        #expect(error.contains("stop"))
    }

    @Test func aSecondAgentOnTheSameDirectoryRefusesToStart() async throws {
        let host = try await FaultFleet()
        defer { host.stop() }
        try host.agent.start()
        try await host.known()
        let second = try await host.agent.run(["run"])
        #expect(second.status == 13)
        #expect(second.error.contains("agent.lock"))
    }
}
