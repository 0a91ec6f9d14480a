import Domain
import Foundation
import TestSupport
import Testing
import Wire

@testable import AgentCore

/// Doctor tries what a backup does at its destinations, and says what would stop one there.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DoctorStoreTests {
    private func finding(_ host: AgentHost, _ destination: Destination) async throws -> Doctor.Finding {
        try FileManager.default.createDirectory(at: host.paths.data, withIntermediateDirectories: true)
        try DurableFile<Plan>(url: host.paths.plan).save(Plan(revision: 1, entries: [], destinations: [destination]))
        let findings = await Doctor(
            paths: host.paths, configuration: AgentConfiguration(databases: []), file: nil, world: host.world
        ).findings()
        return try findings.first { $0.subject == "destination \(destination.name)" }.unwrapped()
    }

    private func refusing(_ operations: [String], _ arguments: [String] = []) throws -> AgentBucket {
        let faults = operations.map {
            "{\"op\":\"\($0)\",\"times\":99,\"do\":\"status\",\"status\":403,\"code\":\"AccessDenied\"}"
        }
        return try AgentBucket(faults: "[\(faults.joined(separator: ","))]", ["--faults-on-probes"] + arguments)
    }

    private static let reading = ["HeadObject", "GetObject", "List", "DeleteObject"]

    @Test(arguments: ["PutObject", "Create", "UploadPart", "Complete"])
    func aStoreThatRefusesWhatABackupSendsIsAFinding(_ operation: String) async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let bucket = try refusing(Self.reading + [operation])
        let found = try await finding(host, bucket.destination)
        #expect(!found.isGood)
        #expect(found.words.contains("AccessDenied (403)") && found.words.contains("give these credentials the right"))
        bucket.stop()
    }

    @Test func credentialsThatMayOnlyWriteAreGood() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let bucket = try refusing(Self.reading)
        let found = try await finding(host, bucket.destination)
        #expect(found.isGood, "\(found.words)")
        #expect(found.words.hasPrefix("takes objects, by one request and in parts"))
        #expect(!found.words.contains("overwrite"))
        #expect(
            try await bucket.state().objects.keys.sorted() == [
                ".holdfast/probe/not-a-host", "host-1/.holdfast/probe/host", "host-1/.holdfast/probe/host-in-parts",
            ])
        bucket.stop()
    }

    /// FAULTS 168 and 170: what does not hold there is said, and stops no backup.
    @Test func whatDoesNotHoldThereIsSaid() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let bucket = try AgentBucket(["--no-conditional"])
        let found = try await finding(host, bucket.destination)
        #expect(found.verdict == .warning)
        #expect(found.words.contains("does not always refuse to overwrite"))
        #expect(
            found.words.contains(
                "may also write outside of this host's folder, read objects, list the bucket, delete objects"))
        #expect(try await bucket.state().objects.isEmpty)
        bucket.stop()
    }

    /// FAULT 165: a wrong secret is told as such.
    @Test func aWrongSecretIsToldAsSuch() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let bucket = try AgentBucket(["--identity", "ID:ANOTHER"])
        let found = try await finding(host, bucket.destination)
        #expect(!found.isGood)
        #expect(
            found.words.contains("SignatureDoesNotMatch") && found.words.contains("check the access key and its secret")
        )
        bucket.stop()
    }

    @Test func aFullDiskAndOneThatMayOnlyBeReadAreFindings() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let mount = host.folder.appending(path: "small")
        try FileManager.default.createDirectory(at: mount, withIntermediateDirectories: true)
        func run(_ program: String, _ arguments: [String]) async throws {
            let output = try await ProgramOutput.of(program, arguments)
            #expect(output.status == 0, "\(output.error)")
        }
        try await run("mount", ["-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", mount.path])
        let place = Destination(name: "disk", directory: .init(path: mount.path))
        let roomy = try await finding(host, place)
        #expect(roomy.isGood && roomy.words == "writable, 4 MiB free", "\(roomy.words)")
        let filler = mount.appending(path: "filler")
        try Data(count: 4 << 20).write(to: filler)
        let full = try await finding(host, place)
        #expect(!full.isGood && full.words.contains("the disk is full"), "\(full.words)")
        try FileManager.default.removeItem(at: filler)
        try await run("mount", ["-o", "remount,ro", mount.path])
        let readOnly = try await finding(host, place)
        #expect(!readOnly.isGood && readOnly.words.contains("ead-only"), "\(readOnly.words)")
        #expect(try RegularFiles.below(mount) == [])
        try await run("umount", [mount.path])
    }
}
