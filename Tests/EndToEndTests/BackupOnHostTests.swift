import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// `holdfast-agent backup`: a backup by hand on a host, with or without its agent, and without the coordinator.
@Suite(.timeLimit(.minutes(5))) struct BackupOnHostTests {
    @Test func theHostBacksUpByItselfAndTellsLater() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.applyLocally(
            policies: """
                  all:
                    selector: { env: prod }
                    tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }
                    destinations: [local]
                """)
        let database = try await fleet.sqlite("dev.db", "CREATE TABLE t (n); INSERT INTO t VALUES (1)")
        let agent = try await fleet.join(
            "db-01",
            """
            databases:
              - { name: devdb, sqlite: \(database.path), labels: { env: prod } }
              - { name: gone, sqlite: \(fleet.folder.path)/nowhere.db, labels: { env: prod } }
              - { name: apart, sqlite: \(database.path) }
            """)
        defer { agent.kill() }
        let early = try await agent.run(["backup"])
        #expect(
            early.status == 8 && early.error.contains("has no plan yet") && early.error.contains("check-in"), "\(early)"
        )
        try agent.start()
        try await fleet.knows(3)
        try await eventually("the plan is there") {
            FileManager.default.fileExists(atPath: agent.data.appending(path: "plan.json").path) ? true : nil
        }

        // The agent runs, and is asked.
        let asked = try await agent.run(["backup", "devdb"])
        #expect(asked.status == 0 && asked.error.contains("is asked to do it"), "\(asked)")
        let manifest = asked.text.trimmingCharacters(in: .newlines)
        #expect(manifest.hasPrefix("db-01/database-backups/devdb_db_manual_"))
        #expect(FileManager.default.fileExists(atPath: fleet.local.appending(path: manifest).path))
        let unknown = try await agent.run(["backup", "nope"])
        #expect(unknown.status == 5 && unknown.error.contains("it has devdb, gone, apart"), "\(unknown)")
        #expect(try await agent.run(["backup", "apart"]).status == 8)
        let both = try await agent.run(["backup"])
        #expect(both.status != 0 && both.error.contains("gone FAILED") && both.error.contains("devdb: "), "\(both)")
        #expect(both.error.contains("left out: no policy of the plan"), "\(both)")
        try await eventually("the coordinator knows both") { try await fleet.backups().count == 2 ? true : nil }

        // Neither of them runs.
        fleet.killCoordinator()
        agent.kill()
        let alone = try await agent.run(["backup", "devdb"])
        #expect(alone.status == 0 && alone.error.contains("the agent does not run"), "\(alone)")
        #expect(alone.error.contains("stored at local"), "\(alone)")
        let lone = alone.text.trimmingCharacters(in: .newlines)
        #expect(FileManager.default.fileExists(atPath: fleet.local.appending(path: lone).path))

        // An agent that is started while a backup is made by hand waits for its end.
        let lock = agent.data.appending(path: "agent.lock").path
        try Data("holdfast-agent backup, process 1".utf8).write(to: URL(filePath: lock))
        let holder = try ProgramProcess(
            "/usr/bin/flock", ["-o", lock, "sleep", "300"], environment: [:],
            log: fleet.folder.appending(path: "flock.log"))
        try await eventually("the lock is held") { try await agent.run(["backup", "devdb"]).status == 13 ? true : nil }
        try agent.start()
        try await eventually("the agent waits") {
            try String(contentsOf: agent.log, encoding: .utf8).contains("waiting for a backup") ? true : nil
        }
        holder.kill()
        try await fleet.start()
        try await eventually("the coordinator hears of it") { try await fleet.backups().count == 3 ? true : nil }
        let all = try await fleet.backups()
        #expect(all.allSatisfy { $0.tiers == [.manual] && $0.state == .good && $0.database.rawValue == "devdb" })
        #expect(try FileManager.default.contentsOfDirectory(atPath: agent.data.path + "/requests") == [])
    }

    @Test func anAgentThatDiesAtItKeepsNobodyWaiting() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.applyLocally(
            policies: #"  all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [local] }"#)
        let database = try await fleet.sqlite("dev.db", "CREATE TABLE t (n); INSERT INTO t VALUES (1)")
        let agent = try await fleet.join("db-01", "databases:\n  - { name: devdb, sqlite: \(database.path) }\n")
        defer { agent.kill() }
        try agent.start(["HOLDFAST_FAULT": "admitted"])
        try await fleet.knows(1)
        try await eventually("the plan is there") {
            FileManager.default.fileExists(atPath: agent.data.appending(path: "plan.json").path) ? true : nil
        }
        let asked = try await agent.run(["backup", "devdb"])
        #expect(asked.status == 6 && asked.error.contains("the agent ended while it was at work: start it"), "\(asked)")
        agent.kill()
        try agent.start()
        try await eventually("it is ended by the next agent") { try await fleet.backups().count == 1 ? true : nil }
    }
}
