import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// Somebody has a copy of an agent's certificate and key, and asks in its name (D7).
@Suite(.timeLimit(.minutes(5))) struct CopiedKeyTests {
    @Test func whoHasOnlyTheKeyGetsNoLinksOfARestoreAndIsTold() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let host = try await FaultFleet(
            destinations: [("offsite", s3.destination)], coordinator: s3.credentials("coordinator"),
            agent: s3.credentials("agent"))
        defer { host.stop() }
        try host.agent.start()
        #expect(try await host.backup().status == 0)
        let backup = try #require(try await host.backups().first)
        let target = host.fleet.folder.appending(path: "back.db")
        // A store that does not answer for a while keeps the restore at work.
        kill(s3.pid, SIGSTOP)
        defer { kill(s3.pid, SIGCONT) }
        async let restored = host.fleet.run("restore", backup.id.uuidString, "--to", target.path)
        let text = try await eventually("the restore is at work") {
            try await host.fleet.catalog(
                "SELECT command.id FROM command JOIN operation ON operation.id = command.operation "
                    + "WHERE operation.kind = 'restore' AND command.receivedAt IS NOT NULL"
            ).first
        }
        let command = try #require(UUID(uuidString: text))

        let folder = host.fleet.folder.appending(path: "stolen")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        for name in ["agent.pem", "agent-key.pem"] {
            try FileManager.default.copyItem(
                at: host.agent.data.appending(path: name), to: folder.appending(path: name))
        }
        let stolen = ClientIdentity(
            certificate: folder.appending(path: "agent.pem"), key: folder.appending(path: "agent-key.pem"))
        func ask(_ instance: UUID) async throws -> Fleet.Answer {
            let request = LinkRequest(command: command, instance: instance)
            return try await host.fleet.post("/v1/agent/links", Array(try JSON.encoder().encode(request)), stolen)
        }
        #expect(try await host.fleet.alerts().isEmpty)
        let refused = try await ask(UUID())
        let words = String(decoding: refused.body, as: UTF8.self)
        #expect((400..<500).contains(refused.status) && !words.contains("X-Amz-Signature"), "\(words)")
        let alert = try #require(try await host.fleet.alerts().first)
        #expect(alert.kind == "identity" && alert.severity == "critical" && alert.title.contains("db-01"))
        let check = try await host.fleet.run("check")
        #expect(check.status == 2 && check.text.contains("Another process asks in the name of db-01"), "\(check.text)")
        // The agent's own process is answered: it was the process that was wrong, and not the question.
        let own = try await ask(try #require(try await host.fleet.instance(of: "db-01")))
        #expect(own.status == 200 && String(decoding: own.body, as: UTF8.self).contains("X-Amz-Signature"))

        kill(s3.pid, SIGCONT)
        let output = try await restored
        #expect(output.status == 0, "\(output.error)")
        #expect(FileManager.default.fileExists(atPath: target.path))
    }
}
