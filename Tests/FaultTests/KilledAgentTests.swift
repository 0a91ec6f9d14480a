import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// `kill -9` of the agent at every durable step: afterwards the run ends in one terminal state, nothing half done is left,
/// and the next run works (P8; faults 1 to 5).
@Suite(.timeLimit(.minutes(10))) struct KilledAgentTests {
    enum Place: CaseIterable {
        case directory
        case bucket
    }

    /// Each place to be killed at, with the number of files that lie at the destination then.
    static let points = [("admitted", 0), ("committed", 1), ("sealed", 1), ("manifest", 2), ("spooled", 2)]

    @Test(arguments: points, Place.allCases)
    func aKillAtADurableStepLosesNothing(at point: (name: String, files: Int), place: Place) async throws {
        let s3 = place == .bucket ? try S3Server() : nil
        defer { s3?.stop() }
        // The agent may only write there: what it cannot remove is the coordinator's.
        let host = try await FaultFleet(
            destinations: [s3.map { ("offsite", $0.destination) } ?? ("local", FaultFleet.local)], megabytes: 12,
            coordinator: s3?.credentials("coordinator") ?? [:], agent: s3?.credentials("agent") ?? [:], retries: 3)
        defer { host.stop() }
        func stored() async throws -> [String] {
            if let s3 { return try await s3.keys() }
            return try RegularFiles.below(host.fleet.local)
        }
        try host.agent.start(["HOLDFAST_FAULT": point.name])
        try await host.begin()
        #expect(host.agent.wait(milliseconds: 60_000) == 128 + SIGKILL)
        #expect(try await stored().count == point.files)

        try host.agent.start()
        let backup = try await eventually("the run ends after the restart") { try await host.backups().first }
        #expect(backup.state == .good)
        #expect(try await host.fleet.runStates() == ["succeeded"])
        let left = try await eventually("nothing is left but one backup") {
            let left = try await stored()
            return left.count == 2 ? left : nil
        }
        for object in backup.objects { #expect(left.contains { $0.hasSuffix("/" + object.name) }, "\(left)") }
        if let s3 { #expect(try await s3.uploads() == 0) }

        #expect(try await host.backup().status == 0)
        #expect(try await host.fleet.runStates() == ["succeeded", "succeeded"])
        #expect(try await stored().count == 4)
        let verified = try await host.fleet.run("backup", "verify", "--all")
        #expect(verified.status == 0, "\(verified.text)\(verified.error)")
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
        try await host.isUploading(to: s3)
        host.agent.kill()
        #expect(try await s3.keys().isEmpty)
        try host.agent.start()
        try await eventually("the upload is aborted") { try await s3.uploads() == 0 ? true : nil }
        let error = try await eventually("the run is terminal") {
            try await host.fleet.list([DatabaseView].self, "database", "list").first?.lastError
        }
        #expect(error.contains("the agent or its host stopped while the backup ran"))
        #expect(try await host.fleet.runStates() == ["failed"])
        #expect(try await s3.keys().isEmpty)
        #expect(try await host.backups().isEmpty)

        try await host.apply([("offsite", s3.destination)])
        #expect(try await host.backup().status == 0)
        #expect(try await host.fleet.runStates() == ["failed", "succeeded"])
        #expect(try await s3.keys().count == 2)
        #expect(try await s3.uploads() == 0)
    }

    @Test func sigtermDuringARunLeavesItToTheNextStart() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let slow = s3.destination.replacing(" } }", with: ", bandwidth: 1MB } }")
        let host = try await FaultFleet(
            destinations: [("offsite", slow)], megabytes: 30, coordinator: s3.credentials("coordinator"),
            agent: s3.credentials("agent"))
        defer { host.stop() }
        try host.agent.start()
        try await host.begin()
        try await host.isUploading(to: s3)
        #expect(host.agent.terminate() == 0)
        #expect(try await s3.uploads() == 0)
        #expect(try await s3.keys().isEmpty)
        try host.agent.start()
        // Nothing is lost by an orderly stop that a kill would not lose: the run goes on.
        try await eventually("the backup is made after all") {
            try await host.fleet.list([BackupView].self, "backup", "list").contains { $0.state == .good }
        }
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
