import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A real Postfix that refuses one of three recipients: the others get their mail, and the refused one is named, with what Postfix
/// says of it.
@Suite(.timeLimit(.minutes(5))) struct PostfixTests {
    @Test func oneRefusedRecipientOfThreeSilencesNobody() async throws {
        let postfix = try ServerProcess(script: "postfix.py", ["--mailbox", "ops", "--mailbox", "boss"])
        defer { postfix.stop() }
        func said(_ word: String) throws -> String {
            try #require(
                postfix.greeting.first { $0.hasPrefix(word + " ") }.map { String($0.dropFirst(word.count + 1)) })
        }
        let (ca, mailboxes) = (try said("ca"), URL(filePath: try said("mail")))
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) } }
            policies: { all: { tiers: { daily: { keep: 30d } }, destinations: [local] } }
            alerts:
              email:
                url: "smtp://localhost:\(postfix.port)"
                from: backup@example.com
                to: [ops@example.com, gone@example.com, boss@example.com]
                caFile: \(ca)
            """)
        let agent = try await fleet.join(
            "db-01", "databases:\n  - { name: devdb, sqlite: \(fleet.folder.path)/none.db }\n")
        defer { agent.kill() }
        try agent.start()
        try await eventually("databases are known") {
            try await fleet.list([DatabaseView].self, "database", "list").isEmpty ? nil : true
        }
        #expect(try await fleet.run("backup", "create", "--wait").status != 0)
        try await eventually("both others have the failure", within: .seconds(60)) {
            try ["ops", "boss"].allSatisfy { try Self.mail(of: $0, in: mailboxes).contains("Database: devdb") }
                ? true : nil
        }
        #expect(!FileManager.default.fileExists(atPath: mailboxes.appending(path: "gone").path))

        let words = "550 5.1.1 <gone@example.com>: Recipient address rejected: User unknown in virtual mailbox table"
        let status = try await eventually("the one that hears nothing is named", within: .seconds(90)) {
            let text = try await fleet.run("status").text
            return text.contains("email to gone@example.com") ? text : nil
        }
        #expect(status.contains(words), "\(status)")
        #expect(!status.contains("email to ops@example.com") && !status.contains("email to boss@example.com"))
        #expect(try await fleet.run("check").text.contains("alerts do not arrive by email to gone@example.com"))
        let deliveries = try await fleet.list([IncidentView].self, "alert", "list").flatMap(\.deliveries)
        #expect(
            Dictionary(grouping: deliveries, by: \.channel).mapValues { $0.map(\.state) } == [
                "email to ops@example.com": ["sent"], "email to gone@example.com": ["pending"],
                "email to boss@example.com": ["sent"],
            ])
        #expect(deliveries.first { $0.state == "pending" }?.lastError?.contains(words) == true, "\(deliveries)")
        // One alert in full: cause, next step, who was told, who knows of it.
        let id = try #require(try await fleet.list([IncidentView].self, "alert", "list").first?.id)
        try await fleet.holdfast("alert", "ack", "\(id)")
        let shown = try await fleet.holdfast("alert", "show", "\(id)")
        for part in [
            "none.db", "holdfast-agent doctor", "email to ops@example.com: its beginning, told ", words, "acknowledged",
        ] { #expect(shown.contains(part), "\(part): \(shown)") }
        #expect(try await fleet.run("alert", "show", "999999").status == 5)
        let tested = try await fleet.run("alert", "test")
        #expect(tested.status == 1 && tested.text.contains(words), "\(tested)")
    }

    /// Everything in a mailbox, bodies as they read.
    private static func mail(of name: String, in folder: URL) throws -> String {
        guard let text = try? String(contentsOf: folder.appending(path: name), encoding: .utf8) else { return "" }
        return text.components(separatedBy: "\n\n").map { part in
            Data(base64Encoded: part.filter { !$0.isNewline }).map { String(decoding: $0, as: UTF8.self) } ?? part
        }.joined(separator: "\n")
    }
}
