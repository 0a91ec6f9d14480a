import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// `kill -9` of the coordinator at any time loses nothing: agents go on and deliver later (P3; faults 6, 71).
@Suite(.timeLimit(.minutes(10))) struct KilledCoordinatorTests {
    @Test func aRunThatEndsWhileItIsDownIsToldLater() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let slow = s3.destination.replacing(" } }", with: ", bandwidth: 4MB } }")
        let host = try await FaultFleet(
            destinations: [("offsite", slow)], megabytes: 20, coordinator: s3.credentials("coordinator"),
            agent: s3.credentials("agent"))
        defer { host.stop() }
        try host.agent.start()
        try await host.begin()
        try await eventually("the upload has begun") { try await s3.uploads() > 0 ? true : nil }
        host.fleet.killCoordinator()
        try await eventually("the agent finishes alone") {
            try await s3.keys().contains { $0.hasSuffix(".json") } ? true : nil
        }
        try await host.fleet.start()
        let backup = try await eventually("the report is delivered", within: .seconds(100)) {
            try await host.backups().first
        }
        #expect(backup.state == .good)
        #expect(try await host.backups().count == 1)
    }

    @Test func killsInQuickSuccessionLeaveASoundCatalog() async throws {
        let host = try await FaultFleet()
        defer { host.stop() }
        try host.agent.start()
        for round in 1...4 {
            let output = try await host.backup()
            #expect(output.status == 0, "\(output.error)")
            try await host.begin()
            host.fleet.killCoordinator()
            try await host.fleet.start()
            try await eventually("every backup is known", within: .seconds(120)) {
                try await host.backups().count == round * 2 ? true : nil
            }
        }
        let check = try await ProgramOutput.of(
            "sqlite3",
            [
                host.fleet.data.appending(path: "catalog.sqlite").path,
                "PRAGMA integrity_check; PRAGMA foreign_key_check",
            ])
        #expect(check.text == "ok\n", "\(check.text)\(check.error)")
    }

    @Test func aSecondCoordinatorOnTheSameDirectoryRefusesToStart() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let second = try await fleet.run("serve", "--data-dir", fleet.data.path, "--listen", "127.0.0.1:0")
        #expect(second.status == 13, "\(second.error)")
    }
}
