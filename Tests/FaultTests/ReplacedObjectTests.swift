import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// Whoever can write to the bucket puts something else in an object's place before the coordinator has looked for the first
/// time (B4).
@Suite(.timeLimit(.minutes(5))) struct ReplacedObjectTests {
    /// Sent in one piece, and in parts.
    @Test(arguments: [1, 12]) func garbageOfTheSameSizeIsNeverConfirmed(megabytes: Int) async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let host = try await FaultFleet(
            destinations: [("offsite", s3.destination)], megabytes: megabytes,
            coordinator: s3.credentials("coordinator"), agent: s3.credentials("agent"))
        defer { host.stop() }
        // All lies in the bucket, and nobody was told yet.
        try host.agent.start(["HOLDFAST_FAULT": "manifest"])
        try await host.begin()
        #expect(host.agent.wait(milliseconds: 60_000) == 128 + SIGKILL)
        host.fleet.killCoordinator()
        #expect(try s3.begunUploads().isEmpty == (megabytes == 1))
        let key = try #require(try await s3.keys().first { !$0.hasSuffix(".json") })
        let file = host.fleet.folder.appending(path: "object")
        try await s3.aws("s3", "cp", "s3://\(s3.bucket)/\(key)", file.path)
        let size = try Data(contentsOf: file).count
        #expect(size > megabytes * 900_000)
        let garbage = try #require(try FileHandle(forReadingFrom: URL(filePath: "/dev/urandom")).read(upToCount: size))
        try garbage.write(to: file)
        try await s3.aws("s3", "cp", file.path, "s3://\(s3.bucket)/\(key)")

        try await host.fleet.start()
        try host.agent.start()
        let backup = try await eventually("the coordinator has looked") {
            let backup = try await host.backups().first
            return backup?.state == .good && backup?.proof == nil ? nil : backup
        }
        #expect(backup.state == .damaged && backup.proof == nil)
        #expect(try await host.fleet.catalog("SELECT state FROM copy") == ["damaged"])
        let check = try await host.fleet.run("check")
        #expect(check.status == 2 && check.text.contains("is damaged"), "\(check.text)")
        #expect(try await host.fleet.alerts().map(\.kind) == ["damaged"])

        // What nobody touched is confirmed.
        #expect(try await host.backup().status == 0)
        try await eventually("the next one is confirmed") {
            try await host.backups().contains { $0.state == .good && $0.proof == 0 } ? true : nil
        }
        #expect(try await host.fleet.catalog("SELECT state FROM copy ORDER BY state") == ["confirmed", "damaged"])
    }
}
