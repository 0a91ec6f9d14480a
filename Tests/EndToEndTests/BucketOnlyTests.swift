import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A policy whose only destination is a bucket that its agent may write to and not read: verification and restores go
/// by the coordinator's rights, and break-glass by whoever may read.
@Suite(.timeLimit(.minutes(5))) struct BucketOnlyTests {
    @Test func whatTheAgentMayNotReadIsVerifiedAndRestoredAllTheSame() async throws {
        // The first address of the restore has run out when it is used: the agent asks for another.
        let s3 = try S3Server(refusingLinks: 1)
        defer { s3.stop() }
        let fleet = try await Fleet(environment: s3.credentials("coordinator"))
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { offsite: \(s3.destination) }
            policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [offsite] } }
            """)
        let database = fleet.folder.appending(path: "dev.db")
        let sql = """
            CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT, bytes BLOB);
            INSERT INTO t (word, bytes) VALUES ('größe', x'00ff'), (NULL, randomblob(300000)), ('it''s', '');
            CREATE VIEW v AS SELECT word FROM t;
            """
        let made = try await ProgramOutput.of("sqlite3", [database.path, sql])
        #expect(made.status == 0, "\(made.error)")
        let agent = try await fleet.join(
            "db-01", "databases:\n  - { name: devdb, sqlite: \(database.path) }\n", environment: s3.credentials("agent")
        )
        defer { agent.kill() }
        try agent.start()
        try await fleet.backup()
        let backup = try #require(try await fleet.list([BackupView].self, "backup", "list").first)
        #expect(backup.state == .good && backup.destinations == ["offsite"])
        // The bucket has it, and nothing else has: whatever is restored comes from there.
        let folder = "db-01/database-backups/"
        let object = try #require(backup.objects.first).name
        let manifest = try #require(try await s3.keys().first { $0.hasSuffix(".json") })
        #expect(try await s3.keys() == [folder + object, manifest].sorted())
        #expect(!FileManager.default.fileExists(atPath: agent.backups.path + "/db-01"))
        #expect(!FileManager.default.fileExists(atPath: fleet.local.path))
        let reading = ["AWS_ENDPOINT_URL": s3.endpoint, "AWS_CA_BUNDLE": s3.ca]
        let place = "s3://\(s3.bucket)/\(manifest)"
        let refused = try await agent.run(
            ["restore", place, "--to", fleet.folder.appending(path: "refused.db").path], reading)
        #expect(refused.status == 12, "the agent's own keys must not read: \(refused.error)")

        try await fleet.holdfast("backup", "verify", backup.id.uuidString)
        #expect(try await fleet.list([BackupView].self, "backup", "list").first?.proof == 2)
        let signed = try links(s3, folder + object)
        let one = fleet.folder.appending(path: "one.db")
        try await fleet.holdfast("restore", backup.id.uuidString, "--to", one.path)
        #expect(try await dump(one) == dump(database))
        // By links that the coordinator signed, which is all that lets this agent read.
        #expect(try links(s3, folder + object) > signed)

        // Break-glass: no coordinator, and keys that may read in this one command's environment.
        fleet.killCoordinator()
        agent.kill()
        let two = fleet.folder.appending(path: "two.db")
        try await agent.command(
            "restore", place, "--to", two.path, environment: s3.credentials("coordinator").merging(reading) { $1 })
        #expect(try await dump(two) == dump(database))
    }

    private func dump(_ file: URL) async throws -> String {
        let output = try await ProgramOutput.of("sqlite3", [file.path, ".dump"])
        #expect(output.status == 0 && output.text.contains("größe"), "\(output.error)")
        return output.text
    }

    /// How often the object was read by a signed link.
    private func links(_ s3: S3Server, _ key: String) throws -> Int {
        try String(contentsOf: s3.requests, encoding: .utf8).split(separator: "\n").count {
            $0.hasPrefix("GET ") && $0.contains("/\(key)?") && $0.contains("X-Amz-Signature=")
                && ($0.hasSuffix(" 200") || $0.hasSuffix(" 206"))
        }
    }
}
