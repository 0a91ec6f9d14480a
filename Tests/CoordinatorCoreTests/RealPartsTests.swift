import Domain
import Foundation
import Sealing
import Storage
import TestSupport
import Testing
import Transfer
import Wire

@testable import CoordinatorCore

/// The coordinator against real servers: S3 as moto has it with rights enforced, a webhook and a mailbox over TLS.
@Suite(.timeLimit(.minutes(3)))
struct RealPartsTests {
    @Test func confirmVerifyPresignAndDeleteInARealBucket() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let environment = s3.credentials("coordinator")
        // Now: the store says when it was written to, and that must fit.
        let bench = try await Bench(environment: environment, at: Timestamp.text(Date())) { world in
            let real = CoordinatorWorld(now: { Date() }, uuid: { UUID() }, environment: environment)
            (world.openS3, world.presign) = (real.openS3, real.presign)
        }
        let yaml = """
            destinations: { offsite: \(s3.destination) }
            policies: { default: { tiers: { hourly: {} } } }
            """
        _ = try await bench.coordinator.apply(
            ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("a b$(id)")]).plan)
        let place = try #require(plan.destinations.first?.s3)
        let writer = try S3Store(
            configuration: S3Configuration(place),
            credentials: CredentialChain(variables: s3.credentials("agent"), home: "/nonexistent", now: { Date() }),
            now: { Date() })
        for _ in 0..<5 {
            var report = try agent.report(
                .succeeded, run: UUID(), database: "a b$(id)", nominalAt: bench.clock.now,
                destinations: plan.destinations,
                plain: VerificationTests.dump,
                store: { _ = try writer.put($0, $1, sha256: hex(sha256($1))) })
            let dump = report.destinations[0].folder + report.destinations[0].objects[0].name
            report.destinations[0].objects[0].etag = try bench.coordinator.world.openS3(place).head(dump).etag
            try await agent.send([report])
            bench.clock.advance(60)
        }
        try await bench.coordinator.confirmCopies()
        #expect(try await bench.coordinator.backups(by: bench.admin).map(\.proof) == [0, 0, 0, 0, 0])
        #expect(try await bench.coordinator.verifyAll(by: bench.admin).count == 5)
        try await bench.coordinator.readWaitingCopies()
        #expect(try await bench.coordinator.backups(by: bench.admin).map(\.proof) == [2, 2, 2, 2, 2])

        let key = try #require(try await s3.keys().first { $0.hasSuffix(".sql") })
        let url = try bench.coordinator.world.presign(place, key, 60)
        var options = TransferOptions()
        options.trust = .file(s3.ca)
        #expect(try TransferClient(options).send(HTTPRequest("GET", url)).body == VerificationTests.dump)

        try await bench.liveOn(10 * 86_400)
        // The store's clock does not come along; the agents' does, and that is enough.
        _ = try await agent.checkIn(revision: plan.revision)
        let cleanup = try await bench.coordinator.cleanupPlan(by: bench.admin)
        let result = try await bench.coordinator.cleanup(CleanupRequest(digest: cleanup.digest), by: bench.admin)
        #expect(result.deleted.count == 2 && result.pending.isEmpty, "\(result)")
        let left = try await bench.coordinator.backups(by: bench.admin).flatMap(\.objects).map(\.name)
        let keys = try await s3.keys()
        #expect(Set(keys.filter { $0.hasSuffix(".sql") }) == Set(left.map { "db-01/database-backups/" + $0 }))
        #expect(keys.count == 6)
    }

    @Test func aFailureReachesARealWebhookAndARealMailbox() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (log, mailbox) = (folder.appending(path: "slack.jsonl"), folder.appending(path: "mail"))
        let slack = try ServerProcess(script: "slack_sink.py", ["--log", log.path, "--answers", "500"])
        let mail = try ServerProcess(
            script: "smtp_sink.py", ["--dir", mailbox.path, "--user", "backup", "--answers", "451 try later"],
            environment: ["MAIL_PASSWORD": "CANARY-smtp"])
        defer {
            slack.stop()
            mail.stop()
        }
        func write(_ name: String, _ text: String) throws -> String {
            let file = folder.appending(path: name)
            try Data((text + "\n").utf8).write(to: file)
            return file.path
        }
        let yaml = """
            policies: { default: { tiers: { daily: {} } } }
            alerts:
              slack:
                webhookFile: \(try write("webhook", "https://localhost:\(slack.port)/services/CANARY-webhook"))
                caFile: \(ca(slack))
              email:
                url: "smtps://localhost:\(mail.port)"
                from: backup@example.com
                to: [ops@example.com, dba@example.com]
                usernameFile: \(try write("user", "backup"))
                passwordFile: \(try write("password", "CANARY-smtp"))
                caFile: \(ca(mail))
            """
        let bench = try await Bench { world in
            let real = CoordinatorWorld(now: { Date() }, uuid: { UUID() }, environment: [:])
            (world.post, world.sendMail) = (real.post, real.sendMail)
        }
        _ = try await bench.coordinator.apply(
            ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
        let agent = try await bench.enrol("db-01", labels: ["env": "prod"])
        try await agent.send([
            agent.report(
                .failed, run: UUID(), database: "lager-größe", nominalAt: bench.clock.now,
                failure: Failure(code: "sourceRefused", message: "Zugriff verweigert <!channel>"))
        ])
        // The webhook and one of the mails are refused at first, and come a little later.
        try await bench.coordinator.deliverAlerts()
        bench.clock.advance(60)
        try await bench.coordinator.deliverAlerts()
        let deliveries = try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).flatMap(
            \.deliveries)
        #expect(deliveries.map(\.channel) == ["slack", "email to ops@example.com", "email to dba@example.com"])
        #expect(deliveries.allSatisfy { $0.state == "sent" })
        #expect(deliveries.map(\.attempts).sorted() == [1, 2, 2] && deliveries.first?.attempts == 2)
        let posted = try String(contentsOf: log, encoding: .utf8)
        #expect(posted.split(separator: "\n").count == 2)
        #expect(posted.contains("Backup of lager-gr") && posted.contains("&lt;!channel&gt;"))
        let message = try String(contentsOf: mailbox.appending(path: "1.eml"), encoding: .utf8)
        #expect(message.contains("Subject: =?utf-8?B?") && message.contains("To: <ops@example.com>,"))
        let body = try #require(message.components(separatedBy: "\r\n\r\n").dropFirst().first)
        let text = String(
            decoding: Data(base64Encoded: body, options: .ignoreUnknownCharacters) ?? Data(), as: UTF8.self)
        #expect(text.contains("Database: lager-größe") && text.contains("Zugriff verweigert"))
        #expect(try await bench.coordinator.testAlerts(by: bench.admin).allSatisfy { $0.delivered })

        slack.stop()
        mail.stop()
        let failed = try await bench.coordinator.testAlerts(by: bench.admin)
        #expect(failed.allSatisfy { !$0.delivered && $0.error?.isEmpty == false })
        #expect(!"\(failed) \(deliveries)".contains("CANARY"))
    }

    private func ca(_ server: ServerProcess) -> String {
        server.greeting.first { $0.hasPrefix("ca ") }.map { String($0.dropFirst(3)) } ?? ""
    }
}
