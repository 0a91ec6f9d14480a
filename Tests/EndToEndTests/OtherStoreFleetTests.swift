import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A whole fleet on stores that are not like Amazon's: found out, told of, and a backup in several parts comes back.
@Suite(.serialized, .timeLimit(.minutes(5))) struct OtherStoreFleetTests {
    @Test(arguments: [("openstack_swift.py", "ID:ID"), ("ceph_rgw.py", "ID")])
    func aBackupInPartsIsStoredVerifiedAndRestored(_ script: String, _ key: String) async throws {
        let server = try ServerProcess(script: script)
        defer { server.stop() }
        let keys = [
            "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "SECRET", "AWS_EC2_METADATA_DISABLED": "true",
        ]
        let fleet = try await Fleet(environment: keys)
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { offsite: { s3: { bucket: bucket, endpoint: "http://127.0.0.1:\(server.port)" } } }
            policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [offsite] } }
            """)
        let seen = try await eventually("the probe") {
            try await fleet.list([DestinationView].self, "destination", "show", "offsite").first {
                $0.foundAt != nil || $0.failure != nil
            }
        }
        #expect(seen.failure == nil && seen.notes == [])
        #expect(seen.ways.conditionOnComplete == (key == "ID" ? .ignored : .honoured))
        #expect(seen.promises.filter { $0.promise == "P5" }.map(\.holds) == [false, nil])

        let database = fleet.folder.appending(path: "dev.db")
        let made = try await ProgramOutput.of(
            "sqlite3",
            [database.path, "CREATE TABLE t (x); INSERT INTO t VALUES (randomblob(12000000)), ('größe');"])
        #expect(made.status == 0, "\(made.error)")
        let agent = try await fleet.join(
            "db-01", "databases:\n  - { name: devdb, sqlite: \(database.path) }\n", environment: keys)
        defer { agent.kill() }
        try agent.start()
        try await fleet.backup()
        let backup = try #require(try await fleet.list([BackupView].self, "backup", "list").first)
        #expect(backup.state == .good && backup.storedBytes > 8 << 20)
        try await fleet.holdfast("backup", "verify", backup.id.uuidString)
        #expect(try await fleet.list([BackupView].self, "backup", "list").first?.proof == 2)
        let restored = fleet.folder.appending(path: "restored.db")
        try await fleet.holdfast("restore", backup.id.uuidString, "--to", restored.path)
        #expect(try Data(contentsOf: restored).count == Data(contentsOf: database).count)
        let both = [database, restored].map(\.path)
        let digest = try await ProgramOutput.of(
            "sqlite3",
            [
                both[0],
                "ATTACH '\(both[1])' AS other; SELECT count(*) FROM (SELECT x FROM t EXCEPT SELECT x FROM other.t)",
            ])
        #expect(digest.text.trimmingCharacters(in: .whitespacesAndNewlines) == "0")

        let doctor = try await agent.run(["doctor"], keys)
        #expect(doctor.text.contains("destination offsite: takes objects"), "\(doctor.text)")
        #expect(doctor.text.contains("(P5)"))
    }
}
