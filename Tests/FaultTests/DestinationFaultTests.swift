import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// Destinations that refuse, fill up or go away: never a success, never something half under a final name (P1).
@Suite(.timeLimit(.minutes(10))) struct DestinationFaultTests {
    /// Fault 18, on a real small file system.
    @Test func aFullDiskFailsTheRunAndLeavesNothing() async throws {
        let mount = FileManager.default.temporaryDirectory.appending(
            path: "holdfast-full-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: mount, withIntermediateDirectories: true)
        let mounted = try await ProgramOutput.of(
            "mount", ["-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", mount.path])
        #expect(mounted.status == 0, "\(mounted.error)")
        let host = try await FaultFleet(destinations: [("small", "{ directory: \(mount.path) }")], megabytes: 8)
        do {
            try host.agent.start()
            let output = try await host.backup()
            #expect(output.status == 1)
            #expect(
                output.error.split(separator: "\n").contains {
                    $0.contains("devdb on db-01 failed: ") && $0.contains("write \(mount.path)/")
                        && $0.contains("the disk is full; free space there")
                }, "\(output.error)")
            #expect(try RegularFiles.below(mount) == [])
            #expect(try await host.fleet.runStates() == ["failed"])
            #expect(try await host.backups().isEmpty)
        }
        host.stop()
        let unmounted = try await ProgramOutput.of("umount", [mount.path])
        #expect(unmounted.status == 0, "\(unmounted.error)")
        try FileManager.default.removeItem(at: mount)
    }

    /// B6: nothing is written beneath the mount point of a disk that is away, and the other destination gets its copy.
    @Test func aDiskThatIsNotMountedGetsNoBackupBeneathItsMountPoint() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "holdfast-disk-\(UUID().uuidString.prefix(8))")
        let (disk, mount) = (folder.appending(path: "disk"), folder.appending(path: "mount"))
        for one in [folder, disk, mount] {
            try FileManager.default.createDirectory(
                at: one, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        func attach(_ program: String, _ arguments: [String]) async throws {
            let output = try await ProgramOutput.of(program, arguments)
            try #require(output.status == 0, "\(output.error)")
        }
        try await attach("mount", ["--bind", disk.path, mount.path])
        let host = try await FaultFleet(
            destinations: [("local", FaultFleet.local), ("disk", "{ directory: \(mount.path) }")])
        try host.agent.start()
        #expect(try await host.backup().status == 0)
        let whole = try RegularFiles.below(disk)
        #expect(whole.count == 2)

        try await attach("umount", [mount.path])
        let output = try await host.backup()
        #expect(output.status == 1)
        #expect(output.error.contains("\(mount.path) does not carry the mark"), "\(output.error)")
        #expect(output.error.contains("is the disk mounted?"), "\(output.error)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: mount.path) == [])
        #expect(try await host.fleet.runStates() == ["succeeded", "failed"])
        let backups = try await host.backups()
        #expect(backups.map(\.state).sorted { $0.rawValue < $1.rawValue } == [.good, .partial], "\(backups)")
        #expect(try await host.fleet.run("check").status == 2)

        try await attach("mount", ["--bind", disk.path, mount.path])
        #expect(try await host.backup().status == 0)
        #expect(try RegularFiles.below(mount).count == 4)
        #expect(try Set(whole).isSubset(of: RegularFiles.below(mount)))
        host.stop()
        try await attach("umount", [mount.path])
        try FileManager.default.removeItem(at: folder)
    }

    @Test func wrongCredentialsAndAMissingBucketAreRefusalsWithTheStoresWords() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        for (destination, keys, word) in [
            (
                s3.destination, ["AWS_ACCESS_KEY_ID": "AKIAWRONG", "AWS_SECRET_ACCESS_KEY": "CANARY-wrong"],
                "InvalidAccessKeyId"
            ),
            (s3.destination.replacing("bucket: acme-backups", with: "bucket: no-such-bucket"), [:], "NoSuchBucket"),
        ] {
            let host = try await FaultFleet(
                destinations: [("offsite", destination)], megabytes: 12, coordinator: s3.credentials("coordinator"),
                agent: s3.credentials("admin").merging(keys) { $1 })
            try host.agent.start()
            let output = try await host.backup()
            #expect(output.status == 1)
            #expect(try await host.fleet.runStates() == ["failed"])
            #expect(try await host.backups().isEmpty)
            #expect(try await host.fleet.catalog("SELECT id FROM backup UNION SELECT backup FROM copy") == [])
            let error = try #require(
                try await host.fleet.list([DatabaseView].self, "database", "list").first?.lastError)
            #expect(error.contains(word), "\(error)")
            #expect(!error.contains("CANARY"))
            host.stop()
        }
        #expect(try !s3.begunUploads().isEmpty, "none of them came as far as an upload in parts")
        #expect(try await s3.uploads() == 0)
        #expect(try await s3.keys().isEmpty)
    }

    /// Down for good: failed there, the local copy kept and told as one destination of two.
    @Test func anEndpointThatIsDownForGoodLeavesTheLocalCopyAsOneOfTwo() async throws {
        let port = try FreePort.take()
        let host = try await FaultFleet(
            destinations: [
                ("local", FaultFleet.local),
                ("offsite", "{ s3: { bucket: absent, region: us-east-1, endpoint: \"https://localhost:\(port)\" } }"),
            ],
            agent: ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"])
        defer { host.stop() }
        try host.agent.start()
        let output = try await host.backup()
        #expect(output.status != 0)
        let backup = try await eventually("the copy is known") { try await host.backups().first }
        #expect(backup.state == .partial)
        #expect(backup.destinations == ["local"])
        #expect(host.files.count == 2, "\(host.files)")
        let database = try #require(try await host.fleet.list([DatabaseView].self, "database", "list").first)
        #expect(database.lastGoodBackup == nil)
        #expect(database.lastError?.contains("1 of 2") == true)
    }

    /// The endpoint is away for a while in mid-upload: what was under way is cut, new connections are refused for 20 s,
    /// and the first ones afterwards are reset. Only who comes again and again gets through.
    @Test func anEndpointThatIsDownForTwentySecondsIsSurvived() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let door = try Forwarder(to: s3.port, turnedAway: 2)
        defer { door.stop() }
        let slow = s3.destination.replacing(s3.endpoint, with: "https://localhost:\(door.port)")
            .replacing(" } }", with: ", bandwidth: 1MB } }")
        let host = try await FaultFleet(
            destinations: [("offsite", slow)], megabytes: 20, coordinator: s3.credentials("coordinator"),
            agent: s3.credentials("agent"))
        defer { host.stop() }
        try host.agent.start()
        try await host.begin()
        try await host.isUploading(to: s3)
        try await door.close()
        #expect(door.refuses)
        try await Task.sleep(for: .seconds(20))  // what is tested is this very outage
        #expect(door.refuses)
        #expect(try await s3.uploads() == 1)
        #expect(try await s3.keys() == [])
        try await door.open()
        let backup = try await eventually("the backup is good", within: .seconds(120)) {
            try await host.backups().first
        }
        #expect(backup.state == .good)
        #expect(try await host.fleet.runStates() == ["succeeded"])
        #expect(try await s3.uploads() == 0)
        #expect(try await s3.keys().count == 2)
        let outage = try door.events().drop { !$0.hasPrefix("closed") }
        #expect(outage.first.map { $0 > "closed, cut 0" } == true, "nothing was under way: \(outage)")
        #expect(outage.dropFirst().prefix(3) == ["open again", "turned away", "turned away"], "\(outage)")
    }
}
