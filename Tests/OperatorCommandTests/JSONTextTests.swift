import Domain
import Foundation
import Testing
import Wire

@testable import holdfast

@Suite struct JSONTextTests {
    private func object(_ value: some Encodable) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(JSONText.of(value).utf8))
    }

    @Test func everyFieldOfABackupIsThereWithNullForWhatIsUnknown() throws {
        var backup = try Sample.backup(1)
        backup.proof = nil
        let list = try #require(try object([backup]) as? [[String: Any]])
        let keys = try #require(list.first).keys
        #expect(
            Set(keys).isSuperset(of: [
                "id", "agent", "database", "kind", "tiers", "state", "proof", "startedAt", "finishedAt", "nominalAt",
                "plainBytes", "storedBytes", "destinations", "pinned", "objects",
            ]))
        #expect(list[0]["proof"] is NSNull)
        #expect(list[0]["proofAt"] is NSNull)
        #expect(list[0]["pinned"] as? Bool == false)
        #expect(list[0]["plainBytes"] as? Int64 == 1_553_402_457)
        #expect(list[0]["nominalAt"] as? String == "2026-01-15T01:56:00Z")
        #expect((list[0]["objects"] as? [[String: Any]])?.first?.keys.sorted() == ["bytes", "name", "sha256"])
    }

    @Test func nullsReachIntoListsWithinObjects() throws {
        let status = Sample.status(
            databases: [try Sample.database("a", .waiting, lastGood: nil)],
            agents: [Sample.agent("db-01", .new, running: [try Sample.run(.running)])])
        let tree = try #require(try object(status) as? [String: Any])
        #expect(Set(tree.keys) == ["coordinator", "agents", "databases", "incidents", "totals"])
        let database = try #require((tree["databases"] as? [[String: Any]])?.first)
        for key in ["lastGoodAt", "lastGoodBackup", "rpoMet", "proof", "lastError"] {
            #expect(database[key] is NSNull, "\(key)")
        }
        let agent = try #require((tree["agents"] as? [[String: Any]])?.first)
        #expect(agent["lastSeenAt"] is NSNull)
        let run = try #require((agent["running"] as? [[String: Any]])?.first)
        #expect(run["phase"] is NSNull && run["failure"] is NSNull)
    }

    @Test func anEmptyListIsAnEmptyList() throws {
        #expect(try JSONText.of([BackupView]()) == "[]")
    }

    @Test func whatIsPrintedIsReadBackAsItWas() throws {
        let status = Sample.status(
            databases: [try Sample.database("ü\u{1b}\"\\")], incidents: [Sample.incident("x", database: "ü")])
        let text = try JSONText.of(status)
        #expect(try JSON.decoder().decode(StatusView.self, from: Data(text.utf8)) == status)
        #expect(!text.contains("\u{1b}"))
    }

    /// `-o json` goes to terminals too.
    @Test func whatATerminalObeysIsEscapedAndReadBackAsItWas() throws {
        let marks = "\u{7f}\u{85}\u{9b}31m\u{2028}\u{202a}\u{202e}\u{2066}\u{2069}"
        let status = Sample.status(databases: [], incidents: [Sample.incident("a\(marks)ü→z")])
        let text = try JSONText.of(status)
        for mark in marks.unicodeScalars where mark.value > 0x7e {
            #expect(!text.unicodeScalars.contains(mark), "U+\(String(mark.value, radix: 16))")
        }
        #expect(text.contains("\\u009b31m") && text.contains("ü→z"))
        #expect(try JSON.decoder().decode(StatusView.self, from: Data(text.utf8)) == status)
    }

    @Test func labelsAreNotTakenForFields() throws {
        var agent = Sample.agent("db-01")
        agent.labels = ["env": "prod"]
        let tree = try #require(try object(agent) as? [String: Any])
        #expect(tree["labels"] as? [String: String] == ["env": "prod"])
    }
}
