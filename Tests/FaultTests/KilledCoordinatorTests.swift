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
        // 1 MB/s for 24 MB: the kill falls into the upload, also on a machine that stalls.
        let slow = s3.destination.replacing(" } }", with: ", bandwidth: 1MB } }")
        let host = try await FaultFleet(
            destinations: [("offsite", slow)], megabytes: 24, coordinator: s3.credentials("coordinator"),
            agent: s3.credentials("agent"))
        defer { host.stop() }
        try host.agent.start()
        try await host.begin()
        try await host.isUploading(to: s3)
        host.fleet.killCoordinator()
        #expect(try await s3.keys().isEmpty, "the upload had ended before the coordinator did")
        try await eventually("the agent finishes alone", within: .seconds(120)) {
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
        #expect(try await host.fleet.catalog("PRAGMA integrity_check; PRAGMA foreign_key_check") == ["ok"])
    }

    /// The incident is written down, and nobody has taken its messages yet.
    @Test func whatWasStillToBeToldIsToldAfterwards() async throws {
        let sinks = try AlertSinks(slackAnswers: "500", mailAnswers: "451 try later")
        defer { sinks.stop() }
        let host = try await FaultFleet()
        defer { host.stop() }
        try await host.apply([("local", FaultFleet.local)], alerts: sinks.yaml)
        try FileManager.default.removeItem(at: host.database)
        try host.agent.start()
        #expect(try await host.backup().status == 1)
        let waiting = "SELECT channel FROM delivery WHERE state = 'pending' AND attempts > 0 ORDER BY channel"
        try await eventually("both have refused") {
            try await host.fleet.catalog(waiting) == ["email to ops@example.com", "slack"] ? true : nil
        }
        host.fleet.killCoordinator()
        #expect(try await host.fleet.catalog(waiting) == ["email to ops@example.com", "slack"])
        #expect(try sinks.posts().map(\.answered) == [500])
        #expect(try sinks.mails() == [])

        try await host.fleet.start()
        try await eventually("both are told") {
            let deliveries = try await host.fleet.list([IncidentView].self, "alert", "list").flatMap(\.deliveries)
            return deliveries.count == 2 && deliveries.allSatisfy { $0.state == "sent" } ? true : nil
        }
        // Each of the one failure, once.
        let posts = try sinks.posts()
        #expect(posts.map(\.answered) == [500, 200])
        #expect(posts.allSatisfy { $0.fields["Database"] == "devdb" && $0.title.contains("failed") })
        let mails = try sinks.mails()
        #expect(mails.count == 1 && mails.allSatisfy { $0.contains("Database: devdb") })
    }

    /// When it is killed, and the fault that holds the agent, or the coordinator, at that place for some seconds.
    enum Moment: CaseIterable {
        /// The backup is asked for, and no agent has been told yet.
        case queued
        /// A part of the upload was refused, and is to be sent again.
        case uploading
        /// Everything is sent, and the upload is not completed yet.
        case committing
        /// The manifest was written just now, and the report is on its way.
        case reporting

        var fault: String {
            let later = #""do": "status", "status": 503, "code": "SlowDown", "headers": {"Retry-After": "20"}"#
            return switch self {
            case .queued, .reporting: "[]"
            case .uploading: #"[{"op": "UploadPart", \#(later)}]"#
            case .committing: #"[{"op": "Complete", \#(later)}]"#
            }
        }
    }

    @Test(arguments: Moment.allCases) func aKillAtAnyMomentOfARunLosesNothing(_ moment: Moment) async throws {
        let bucket = try ScriptedBucket(faults: moment.fault)
        defer { bucket.stop() }
        let host = try await FaultFleet(
            destinations: [("offsite", bucket.destination)], megabytes: 12, coordinator: bucket.credentials,
            agent: bucket.credentials)
        defer { host.stop() }
        try host.agent.start()
        try await host.known()
        if moment == .queued { #expect(host.agent.terminate() == 0) }
        try await host.begin()
        try await eventually("the moment has come") {
            let state = try await bucket.state()
            return switch moment {
            case .queued: true
            case .uploading: state.has("UploadPart", 503) ? true : nil
            case .committing: state.has("Complete", 503) ? true : nil
            case .reporting: state.has("PutObject", 200) ? true : nil
            }
        }
        host.fleet.killCoordinator()
        if moment != .reporting { #expect(try await bucket.state().objects.isEmpty) }
        try await host.fleet.start()
        if moment == .queued { try host.agent.start() }
        let backup = try await eventually("the backup is known", within: .seconds(120)) {
            try await host.backups().first
        }
        #expect(backup.state == .good)
        #expect(try await host.fleet.runStates() == ["succeeded"])
        let again = try await host.backup()
        #expect(again.status == 0, "\(again.error)")
        #expect(try await host.fleet.runStates() == ["succeeded", "succeeded"])
        let state = try await bucket.state()
        #expect(state.objects.count == 4 && state.uploads == [] && state.violations == [] && state.unplayed == 0)
        #expect(try await host.fleet.catalog("PRAGMA integrity_check; PRAGMA foreign_key_check") == ["ok"])
    }

    /// Six backups, of which three are too old; it is killed while the second of their objects is being deleted.
    @Test func aKillDuringCleanupDeletesInTheEndWhatWasShownAndNothingElse() async throws {
        let bucket = try ScriptedBucket(
            faults: """
                [{"op": "DeleteObject", "skip": 1, "do": "status", "status": 503, "code": "SlowDown",
                  "headers": {"Retry-After": "20"}}]
                """)
        defer { bucket.stop() }
        let host = try await FaultFleet(
            destinations: [("local", FaultFleet.local), ("offsite", bucket.destination)],
            coordinator: bucket.credentials, agent: bucket.credentials)
        defer { host.stop() }
        try host.agent.start()
        try await host.known()
        for _ in 1...6 { try await host.fleet.holdfast("backup", "create", "--tier", "daily", "--wait") }
        try await eventually("every copy is confirmed", within: .seconds(100)) {
            let open = "SELECT backup FROM copy WHERE isRemote = 1 AND state <> 'confirmed'"
            return try await host.fleet.catalog(open).isEmpty ? true : nil
        }
        host.fleet.killCoordinator()
        _ = try await host.fleet.catalog(
            "UPDATE backup SET recordedAt = recordedAt - 6000000000, snapshotAt = snapshotAt - 6000000000")
        try await host.fleet.start()
        let plan = try await host.fleet.list(CleanupView.self, "cleanup", "--dry-run")
        let doomed = Set(plan.items.filter(\.delete).map(\.backup))
        #expect(plan.items.count == 6 && doomed.count == 3, "\(plan)")

        async let cleanup = host.fleet.run("cleanup", "--force")
        try await eventually("the deletion is at work") {
            try await bucket.state().has("DeleteObject", 503) ? true : nil
        }
        host.fleet.killCoordinator()
        #expect(try await cleanup.status != 0)
        #expect(try await host.fleet.catalog("SELECT id FROM backup WHERE state = 'deleting'").count == 3)
        #expect(try await bucket.state().objects.count == 11)

        try await host.fleet.start()
        try await eventually("what was shown is deleted", within: .seconds(100)) {
            try await host.fleet.catalog("SELECT id FROM backup WHERE state = 'deleted'").count == 3 ? true : nil
        }
        let kept = try await host.backups().filter { $0.state == .good }
        #expect(Set(kept.map(\.id)) == Set(plan.items.map(\.backup)).subtracting(doomed))
        let files = try RegularFiles.below(host.fleet.local)
        let objects = try await bucket.state().objects
        #expect(files.count == 6 && objects.count == 6, "\(files) \(objects)")
        for object in kept.flatMap(\.objects) {
            #expect(files.contains { $0.hasSuffix("/" + object.name) })
            #expect(objects.first { $0.key.hasSuffix("/" + object.name) }?.value == object.sha256)
        }
        let verified = try await host.fleet.run("backup", "verify", "--all")
        #expect(verified.status == 0, "\(verified.text)\(verified.error)")
    }

    @Test func aSecondCoordinatorOnTheSameDirectoryRefusesToStart() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let second = try await fleet.run("serve", "--data-dir", fleet.data.path, "--listen", "127.0.0.1:0")
        #expect(second.status == 13, "\(second.error)")
    }
}
