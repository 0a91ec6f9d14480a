import Domain
import Foundation
import TestSupport
import Testing
import Wire

@testable import CoordinatorCore

/// Without a mail server of their own the variables of the older guide mean that of the coordinator's host, in the clear; that it
/// takes nothing is told.
@Suite(.timeLimit(.minutes(1))) struct OlderGuideMailTests {
    @Test(arguments: OlderGuide.allCases) func itsMailGoesToTheHostsOwnServer(_ form: OlderGuide) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try ServerProcess(script: "smtp_sink.py", ["--dir", folder.path, "--tls", "none"])
        defer { server.stop() }
        let port = server.port
        let bench = try await Bench(environment: try await form.environment()) { world in
            let real = CoordinatorWorld(now: { Date() }, uuid: { UUID() }, environment: [:])
            world.sendMail = { (mail) throws(BackupError) in
                guard mail.url == "smtp://localhost:25", !mail.requiresTLS else {
                    throw BackupError(.bug, "mail to \(mail.url)")
                }
                // Port 25 of this host is not this test's.
                try real.sendMail(mail.to(url: "smtp://localhost:\(port)"))
            }
        }
        let (admin, ops) = ("email to admin@company.com", "email to ops@company.com")
        #expect(bench.coordinator.fleet.alerts.channels == ["slack", admin, ops])
        #expect(bench.coordinator.fleet.alerts.notifySuccess == false)
        let tested = try await bench.coordinator.testAlerts(by: bench.admin)
        #expect(tested.filter(\.delivered).map(\.channel) == [admin, ops], "\(tested)")
        let written = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".eml") }
        #expect(written.count == 2)

        server.stop()
        let agent = try await bench.enrol("db-01")
        try await agent.send([
            agent.report(
                .failed, run: UUID(), database: "inventorysync", nominalAt: bench.clock.now,
                failure: Failure(code: "sourceRefused", message: "no"))
        ])
        for _ in 0..<3 {
            try await bench.coordinator.deliverAlerts()
            bench.clock.advance(120)
        }
        let findings = try await bench.coordinator.status(by: bench.admin).coordinator.findings
        for channel in [admin, ops] {
            let told = try #require(findings.first { $0.contains("by \(channel),") }, "\(findings)")
            #expect(told.contains("this host's own server") && told.contains("BACKUP_SMTP_URL=smtps://"), "\(told)")
        }
        let check = try await bench.coordinator.check(by: bench.admin)
        #expect(check.line.contains(admin) && check.line.contains(ops) && check.level > 0, "\(check)")
    }

    @Test func noPasswordGoesThereInTheClear() {
        let error = #expect(throws: BackupError.self) {
            try DefaultFleet.configuration([
                "BACKUP_EMAIL_NOTIFICATIONS": "true", "BACKUP_EMAIL_RECIPIENTS": "a@example.com",
                "BACKUP_SMTP_PASSWORD_FILE": "/etc/holdfast/mail-password",
            ])
        }
        #expect(error?.message.contains("BACKUP_SMTP_URL") == true)
    }

    /// A comment is told from what belongs to a value.
    @Test func commentsEndWhereValuesBegin() throws {
        let variables = OlderVariables([
            "BACKUP_RETENTION_DAYS": "14\t# two weeks", "BACKUP_S3_PREFIX": "a #1", "BACKUP_S3_BUCKET": "acme#1",
            "BACKUP_S3_REGION": " # none",
        ])
        #expect(try variables.number("BACKUP_RETENTION_DAYS", 1...30) == 14)
        #expect(variables["BACKUP_S3_PREFIX"] == "a #1" && variables["BACKUP_S3_BUCKET"] == "acme#1")
        #expect(variables["BACKUP_S3_REGION"] == nil)
        #expect(variables.commented == ["BACKUP_RETENTION_DAYS", "BACKUP_S3_PREFIX", "BACKUP_S3_REGION"])
    }
}

extension OutgoingMail {
    fileprivate func to(url: String) -> OutgoingMail {
        OutgoingMail(
            url: url, from: from, to: to, message: message, username: username, password: password, caFile: caFile,
            requiresTLS: requiresTLS)
    }
}
