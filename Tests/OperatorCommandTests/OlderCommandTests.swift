import ArgumentParser
import Domain
import Foundation
import Testing

@testable import holdfast

/// Who comes from the older scripts finds each of their commands in the README, and the words of theirs that cost nothing are
/// taken.
@Suite struct OlderCommandTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test func theReadmeNamesEveryCommandOfTheOlderGuide() throws {
        let readme = try String(contentsOf: Self.root.appending(path: "README.md"), encoding: .utf8)
        let rows = readme.split(separator: "\n").filter { $0.hasPrefix("| ") }.map { row in
            row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let older = try String(
            contentsOf: Self.root.appending(path: "Tests/Fixtures/older-guide-commands.txt"), encoding: .utf8)
        let commands = older.split(separator: "\n")
        #expect(commands.count == 14)
        for command in commands {
            let row = rows.first { row in
                row.first?.split(separator: "`").contains { $0 == command || $0.hasPrefix(command + " ") } == true
            }
            #expect(row?.last?.isEmpty == false, "\(command)")
        }
    }

    @Test func theirNameOfATierIsTaken() throws {
        let create = try Holdfast.parseAsRoot(["backup", "create", "--type", "all", "--backup-type", "weekly"])
        #expect((create as? BackupCreate)?.tier == .weekly)
        let list = try Holdfast.parseAsRoot(["backup", "list", "--backup-type", "daily"])
        #expect((list as? BackupList)?.tier == .daily)
    }
}
