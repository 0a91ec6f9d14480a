import Archive
import Domain
import Foundation
import Sealing
import Storage
import TestSupport
import Testing
import Wire

/// Objects that decompress to more than anybody can read keep no other backup from being verified (D5).
@Suite(.timeLimit(.minutes(5))) struct BombsInABucketTests {
    @Test func aVerificationOfAllEndsAndOnlyTheBombsAreLeftOut() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let (fleet, host, _) = try await SeededYear.fleet(s3, days: 2)
        defer { fleet.stop() }
        let sound = Set(try await fleet.backups().map(\.id))
        #expect(sound.count == 4)
        let view = try #require(try await fleet.list([AgentView].self, "agent", "list").first)
        let seeded = SeededYear(fleet: fleet, s3: s3, agent: view, policy: "all", destination: "offsite")
        // Thirty times a gibibyte of zeros, in a mebibyte; one says more of itself than there is, and one says less.
        let packed = fleet.folder.appending(path: "zeros.zst")
        let made = try await ProgramOutput.of(
            "sh", ["-c", "head -c 1G /dev/zero | zstd -q -1 > '\(packed.path)'"])
        #expect(made.status == 0, "\(made.error)")
        let frame = try Data(contentsOf: packed)
        let bomb = Array((0..<30).map { _ in frame }.joined())
        let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
        let store = try seeded.store()
        var bombs: [UUID] = []
        for (number, stated) in [1 << 49, 1000].enumerated() {
            let report = try self.report(
                seeded.report(at: now - 60 - Double(number), tiers: [.daily], store), bomb, stated: Int64(stated), store
            )
            let batch = Array(try JSON.encoder().encode(ReportBatch(items: [.init(id: UUID(), run: report)])))
            let answer = try await fleet.post("/v1/agent/reports", batch, host.identity)
            #expect(answer.status == 200)
            #expect(try JSON.decoder().decode(ReportReceipt.self, from: answer.body).refused.isEmpty)
            bombs.append(try #require(report.manifest?.id))
        }
        #expect(try await fleet.backups().count == 6)

        let verified = try await fleet.run("backup", "verify", "--all", "-o", "json")
        #expect(verified.status != 0, "a bomb is nothing that was verified")
        let operations = try JSON.decoder().decode([OperationView].self, from: Data(verified.text.utf8))
        #expect(operations.count == 6)
        for operation in operations {
            let id = try #require(operation.backup)
            #expect((operation.state == .succeeded) == sound.contains(id), "\(operation)")
        }
        let first = operations.first { $0.backup == bombs[0] }
        #expect(first?.failure?.message.contains("is said to hold") == true, "\(String(describing: first?.failure))")
        for backup in try await fleet.backups() where sound.contains(backup.id) { #expect(backup.proof == 2) }
        // Nobody goes on with them: another one is verified as ever.
        let again = try await fleet.run("backup", "verify", try #require(sound.first).uuidString)
        #expect(again.status == 0, "\(again.error)")
    }

    /// The same backup with the bomb for its dump, put into the bucket.
    private func report(
        _ report: RunReport, _ bomb: [UInt8], stated: Int64, _ store: S3Store
    ) throws -> RunReport {
        var report = report
        let folder = report.destinations[0].folder
        let keys = BackupKeys(
            agentName: "db-01", database: report.database, kind: .postgres, tier: .daily, nominalAt: report.nominalAt)
        var manifest = try #require(report.manifest)
        let digest = hex(sha256(bomb))
        manifest.objects = [
            Manifest.Object(
                role: .dump, name: keys.objectName(.dump, .plain, .zstd), format: .plain, codec: .zstd,
                plainBytes: stated, plainSha256: digest, storedBytes: Int64(bomb.count), storedSha256: digest)
        ]
        // What was stored for the report as it was lies there already.
        let name = keys.manifestName.replacing(".json", with: "_\(BackupKeys.token(manifest.id)).json")
        manifest.objects[0].name = name.replacing(".json", with: ".sql.zst")
        report.manifest = manifest
        report.destinations[0].objects = try [(manifest.objects[0].name, bomb), (name, manifest.encoded())].map {
            let facts = try store.put(folder + $0, $1, sha256: hex(sha256($1)))
            return .init(name: $0, bytes: Int64($1.count), sha256: hex(sha256($1)), etag: facts.etag)
        }
        return report
    }
}
