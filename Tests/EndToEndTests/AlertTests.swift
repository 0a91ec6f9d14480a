import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A failed run and a killed agent reach the Slack stand-in and a real mailbox; no secret goes with them.
@Suite(.timeLimit(.minutes(10))) struct AlertTests {
    @Test func aFailedRunAndADeadAgentAreTold() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "holdfast-mail-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let slackLog = folder.appending(path: "slack.jsonl")
        let slack = try ServerProcess(script: "slack_sink.py", ["--log", slackLog.path, "--answers", "500,429"])
        defer { slack.stop() }
        let mail = try ServerProcess(
            script: "smtp_sink.py", ["--dir", folder.path, "--user", "holdfast"],
            environment: ["MAIL_PASSWORD": "CANARY-smtp"])
        defer { mail.stop() }
        let secrets = [
            "webhook": "https://localhost:\(slack.port)/services/CANARY-webhook", "user": "holdfast",
            "password": "CANARY-smtp",
        ]
        for (name, text) in secrets { try Data(text.utf8).write(to: folder.appending(path: name)) }

        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) } }
            policies:
              all: { tiers: { hourly: { schedule: "* * * * *", keep: 48h } }, destinations: [local], rpo: 1m }
            alerts:
              slack: { webhookFile: \(folder.path)/webhook, caFile: \(ca(slack)) }
              email:
                url: smtps://localhost:\(mail.port)
                from: backup@example.com
                to: [ops@example.com]
                usernameFile: \(folder.path)/user
                passwordFile: \(folder.path)/password
                caFile: \(ca(mail))
            """)
        let database = fleet.folder.appending(path: "dev.db")
        let agent = try await fleet.join("db-01", "databases:\n  - { name: devdb, sqlite: \(database.path) }\n")
        defer { agent.kill() }
        try agent.start()
        try await eventually("databases are known") {
            try await fleet.list([DatabaseView].self, "database", "list").isEmpty ? nil : true
        }
        #expect(try await fleet.run("backup", "create", "--wait").status != 0)
        let told = try await eventually("Slack hears of the failure", within: .seconds(90)) {
            try posts(slackLog).first { $0.answered == 200 }
        }
        let attachment = try #require((told.body["attachments"] as? [[String: Any]])?.first)
        #expect(attachment["color"] as? String != nil)
        #expect((attachment["title"] as? String)?.isEmpty == false)
        let fields = try #require(attachment["fields"] as? [[String: Any]]).compactMap { $0["title"] as? String }
        #expect(Set(fields).isSuperset(of: ["Environment", "Host", "Database", "Error"]))
        try await eventually("the mailbox has the failure", within: .seconds(90)) {
            try messages(folder).contains { $0.contains("devdb") } ? true : nil
        }

        // A dead agent cannot look healthy: the coordinator itself reckons that the backup never came.
        agent.kill()
        let before = try posts(slackLog).count
        try await eventually("the dead agent's database is overdue", within: .seconds(240)) {
            try await fleet.list([DatabaseView].self, "database", "list").first?.state == .overdue ? true : nil
        }
        try await eventually("Slack hears that it is overdue", within: .seconds(120)) {
            try posts(slackLog).dropFirst(min(before, 1)).contains { "\($0.body)".lowercased().contains("overdue") }
                ? true : nil
        }
        try await eventually("the mailbox hears that it is overdue", within: .seconds(120)) {
            try messages(folder).contains { $0.lowercased().contains("overdue") } ? true : nil
        }
        #expect(try messages(folder).allSatisfy { !$0.contains("CANARY") })
        #expect(try !String(contentsOf: fleet.log, encoding: .utf8).contains("CANARY"))
    }

    private func ca(_ server: ServerProcess) -> String {
        server.greeting.first { $0.hasPrefix("ca ") }.map { String($0.dropFirst(3)) } ?? ""
    }

    private func posts(_ log: URL) throws -> [(body: [String: Any], answered: Int)] {
        guard let text = try? String(contentsOf: log, encoding: .utf8) else { return [] }
        return try text.split(separator: "\n").map { line in
            let entry = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
            return (entry["body"] as? [String: Any] ?? [:], entry["answered"] as? Int ?? 0)
        }
    }

    /// Decoded well enough to look for words: quoted-printable and base64 bodies are opened by Python's own parser.
    private func messages(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".eml") }.map { name in
            let raw = try Data(contentsOf: folder.appending(path: name))
            let text = String(decoding: raw, as: UTF8.self)
            guard let gap = text.range(of: "\r\n\r\n") ?? text.range(of: "\n\n") else { return text }
            let body = text[gap.upperBound...].filter { !$0.isNewline }
            return text + (Data(base64Encoded: String(body)).map { String(decoding: $0, as: UTF8.self) } ?? "")
        }
    }
}
