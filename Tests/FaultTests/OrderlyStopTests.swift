import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// The service manager ends an agent that has work: nothing of it is lost (C2).
@Suite(.timeLimit(.minutes(5))) struct OrderlyStopTests {
    @Test func whatWaitsForItsTurnIsMadeUpAfterAnOrderlyStop() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let fleet = try await Fleet(environment: s3.credentials("coordinator"))
        defer { fleet.stop() }
        // The first is at work for seconds, and the others wait for it.
        let slow = s3.destination.replacing(" } }", with: ", bandwidth: 2MB } }")
        try await fleet.apply(
            """
            destinations: { offsite: \(slow) }
            policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [offsite] } }
            """)
        let names = ["big", "two", "three"]
        for name in names {
            let megabytes = name == "big" ? 30 : 1
            try await fleet.sqlite(
                "\(name).db",
                "CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(megabytes)) "
                    + "INSERT INTO t SELECT randomblob(1000000) FROM n")
        }
        let agent = try await fleet.join(
            "db-01",
            "concurrency: 1\ndatabases:\n"
                + names.map { "  - { name: \($0), sqlite: \(fleet.folder.path)/\($0).db }\n" }.joined(),
            environment: s3.credentials("agent"))
        defer { agent.kill() }
        try agent.start()
        try await fleet.knows(3)
        try await fleet.holdfast("backup", "create", "--database", "big")
        try await eventually("the first is at work") { try agent.hasNotedAnUpload() ? true : nil }
        for name in names.dropFirst() { try await fleet.holdfast("backup", "create", "--database", name) }
        try await eventually("the others wait for their turn") {
            try await fleet.catalog("SELECT count(*) FROM command WHERE receivedAt IS NOT NULL") == ["3"] ? true : nil
        }
        #expect(try await fleet.catalog("SELECT attempt FROM run ORDER BY attempt DESC") == ["1", "0", "0"])

        #expect(agent.terminate() == 0)
        #expect(try await s3.keys().isEmpty, "the first was not at work any more: the test shows nothing")
        #expect(try await fleet.runStates() == ["running", "running", "running"])
        try agent.start()
        try await eventually("all three are made", within: .seconds(120)) {
            try await fleet.backups().count { $0.state == .good } == 3 ? true : nil
        }
        #expect(try await fleet.runStates() == ["succeeded", "succeeded", "succeeded"])
        #expect(Set(try await fleet.backups().map(\.database.rawValue)) == Set(names))
        let left = (try await s3.keys().count, try await s3.uploads())
        #expect(left == (6, 0))
    }
}
