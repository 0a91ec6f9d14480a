import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// One copy that is not there, or not what it was, keeps nobody from the other (P6).
@Suite(.timeLimit(.minutes(5))) struct RestoreFallbackTests {
    @Test func whatTheHostHasNoLongerComesFromTheBucket() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let fleet = try await Fleet(
            environment: s3.credentials("coordinator").merging([
                "AWS_ENDPOINT_URL": s3.endpoint, "AWS_CA_BUNDLE": s3.ca,
            ]) { $1 })
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations:
              local: { directory: \(fleet.local.path) }
              offsite: \(s3.destination)
            policies:
              all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [local, offsite], spread: 0s }
            """)
        let database = try await fleet.sqlite("shop.db", "CREATE TABLE t (n); INSERT INTO t VALUES (41)")
        let agent = try await fleet.join(
            "db-01", "databases:\n  - { name: shop, sqlite: \(database.path) }\n",
            environment: s3.credentials("agent"))
        defer { agent.kill() }
        try agent.start()
        try await fleet.knows(1)
        for _ in 0..<2 { #expect(try await fleet.backUp().status == 0) }
        let backups = try await eventually("both are confirmed") { () async throws -> [BackupView]? in
            let backups = try await fleet.backups()
            return backups.count == 2 && backups.allSatisfy { $0.proof == 0 && $0.state == .good } ? backups : nil
        }
        func rows(_ path: String) async throws -> String {
            try await ProgramOutput.of("sqlite3", [path, "SELECT n FROM t"]).text
        }
        let folder = fleet.local.appending(path: "db-01/database-backups")

        // Other bytes of the same size: the host finds it while it reads, and the copy is read again.
        let changed = try #require(backups.first)
        let object = folder.appending(path: try #require(changed.objects.first).name)
        var bytes = try Data(contentsOf: object)
        bytes[bytes.count / 2] ^= 0xff
        try bytes.write(to: object)
        let refused = try await fleet.run(
            "restore", changed.id.uuidString, "--to", fleet.folder.appending(path: "a.db").path, "--yes")
        #expect(refused.status == 3, "\(refused)")
        try await eventually("it is known as damaged") {
            try await fleet.list([IncidentView].self, "alert", "list").isEmpty ? nil : true
        }
        let target = fleet.folder.appending(path: "b.db").path
        let second = try await eventually("the other copy is used") { () async throws -> ProgramOutput? in
            let output = try await fleet.run("restore", changed.id.uuidString, "--to", target, "--yes")
            return output.status == 0 ? output : nil
        }
        #expect(try await rows(target) == "41\n", "\(second)")

        // The host was built anew, and has nothing of it.
        let gone = try #require(backups.last)
        try FileManager.default.removeItem(at: folder)
        let place = fleet.folder.appending(path: "c.db").path
        let restored = try await fleet.run("restore", gone.id.uuidString, "--to", place, "--yes")
        #expect(restored.status == 0, "\(restored)")
        #expect(restored.error.contains("restored from offsite, because of local: "), "\(restored.error)")
        #expect(try await rows(place) == "41\n")

        // One copy is lost, and it is found all the same by the time of its data.
        let moment = Timestamp.text(try #require(gone.snapshotAt) + 30)
        let listed = try await fleet.list([BackupView].self, "backup", "list", "--at", moment)
        #expect(listed.contains { $0.id == gone.id || $0.id == changed.id }, "\(listed)")

        // A dump that is adopted is stored long after it was made, and nothing is wrong with that.
        let dump = fleet.folder.appending(path: "shop_20240115_020000.db")
        try FileManager.default.copyItem(at: database, to: dump)
        let before = Set(try await fleet.list([IncidentView].self, "alert", "list").map(\.id))
        #expect(try await agent.run(["adopt", dump.path], ["TZ": "UTC"]).status == 0)
        let adopted = try await eventually("the adopted one is confirmed") { () async throws -> BackupView? in
            try await fleet.backups().first { $0.pinned && $0.proof == 0 }
        }
        #expect(adopted.state == .good && adopted.snapshotAt.map(Timestamp.text) == "2024-01-15T02:00:00Z")
        let news = try await fleet.list([IncidentView].self, "alert", "list").filter {
            !before.contains($0.id) && $0.title.contains("does not add up")
        }
        #expect(news == [])
    }
}
