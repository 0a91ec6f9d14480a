import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// `cleanup` as the built program on backups of many days in a real bucket: what it prints is what it leaves.
@Suite(.timeLimit(.minutes(10))) struct CleanupTests {
    @Test func aYearOfBackupsIsLeftExactlyAsPrintedInTheBucketToo() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let (fleet, _, plan) = try await SeededYear.fleet(s3, days: 365)
        defer { fleet.stop() }
        #expect(plan.suspended == nil)
        let (doomed, kept) = (plan.items.filter(\.delete), plan.items.filter { !$0.delete })
        #expect(doomed.count > 500)
        #expect(kept.count > 40 && kept.count < 80)
        #expect(plan.items.allSatisfy { !$0.reason.isEmpty })
        let before = try await backups(fleet)
        #expect(Set(before.map(\.id)) == Set(plan.items.map(\.backup)))
        let shown = try await fleet.holdfast("cleanup", "--dry-run")
        #expect(ids(shown, "delete") == ids(doomed) && ids(shown, "keep") == ids(kept))
        #expect(try await s3.keys() == before.flatMap(keys).sorted(), "showing a plan deletes nothing")

        let printed = try await fleet.run("cleanup", "--force", input: "")
        #expect(printed.status == 0, "\(printed.error)")
        #expect(printed.text.contains("deleted \(doomed.count) backups"))
        #expect(ids(printed.text, "delete") == ids(doomed) && ids(printed.text, "keep") == ids(kept))
        let freed = try #require(printed.text.firstMatch(of: /to delete, (.+) to free/)?.output.1)
        #expect(printed.text.contains("backups, \(freed) freed"), "\(printed.text.suffix(200))")
        let left = try await backups(fleet)
        #expect(Set(left.map(\.id)) == Set(kept.map(\.backup)))
        #expect(Set(before.map(\.id)).subtracting(left.map(\.id)) == Set(doomed.map(\.backup)))
        #expect(left.allSatisfy { $0.state == .good })
        #expect(try await s3.keys() == left.flatMap(keys).sorted())
        #expect(try await fleet.list(CleanupView.self, "cleanup", "--dry-run").items.allSatisfy { !$0.delete })
    }

    @Test func aPersonIsAskedAndOnlyYESDeletes() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let (fleet, _, plan) = try await SeededYear.fleet(s3, days: 60)
        defer { fleet.stop() }
        let doomed = plan.items.filter(\.delete)
        #expect(doomed.count > 20)
        let before = try await backups(fleet)
        let refused = try await fleet.atTerminal(["cleanup"], typing: "no\n")
        #expect(refused.status == 130 && refused.text.contains("nothing was deleted"), "\(refused.text)")
        #expect(Set(try await backups(fleet).map(\.id)) == Set(before.map(\.id)))
        #expect(try await s3.keys() == before.flatMap(keys).sorted())

        let confirmed = try await fleet.atTerminal(["cleanup"], typing: "YES\n")
        #expect(confirmed.status == 0, "\(confirmed.text)")
        #expect(confirmed.text.contains("deleted \(doomed.count) backups"), "\(confirmed.text)")
        let left = try await backups(fleet)
        #expect(Set(before.map(\.id)).subtracting(left.map(\.id)) == Set(doomed.map(\.backup)))
        #expect(left.count == before.count - doomed.count)
        #expect(try await s3.keys() == left.flatMap(keys).sorted())
        // As the older guide greps for it.
        let log = try await ProgramOutput.of("grep", ["cleanup", fleet.log.path]).text.split(separator: "\n")
        #expect(log.count == doomed.count && log.allSatisfy { $0.contains("compressed_size=") }, "\(log.prefix(3))")
    }

    /// What a shorter `keep` lets go is shown, and has its way only when a person said so.
    @Test func whatBecomesDeletableIsShownAndAskedBeforeItIsApplied() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let (fleet, _, _) = try await SeededYear.fleet(s3, days: 12)
        defer { fleet.stop() }
        let yaml = """
            destinations: { offsite: \(s3.destination) }
            policies:
              all:
                tiers: { hourly: { keep: 1d }, daily: { keep: 2d }, weekly: { keep: 2d }, monthly: { keep: 2d } }
                destinations: [offsite]
            """
        let file = fleet.folder.appending(path: "shorter.yaml")
        try Data(yaml.utf8).write(to: file)
        let shown = try await fleet.run("apply", "-f", file.path, "--dry-run", "-o", "json")
        let view = try JSON.decoder().decode(ApplyView.self, from: Data(shown.text.utf8))
        let database = try #require(view.deletable?.first)
        #expect(shown.status == 0 && !view.applied && view.deletable?.count == 1)
        #expect(database.agent == "db-01" && database.newly > 5 && database.isMuch && database.examples.count == 5)

        let alone = try await fleet.run("apply", "-f", file.path)
        #expect(alone.status == 2 && alone.error.contains("--yes"), "\(alone.error)")
        #expect(alone.error.contains("\(database.newly) of \(database.backups) backups become deletable"))
        let refused = try await fleet.atTerminal(["apply", "-f", file.path], typing: "yes\n")
        #expect(refused.text.contains("nothing was applied: type it in capitals"), "\(refused.text)")
        #expect(
            try await fleet.list(CleanupView.self, "cleanup", "--dry-run").items.allSatisfy {
                !$0.reason.contains("1d")
            })

        let confirmed = try await fleet.atTerminal(["apply", "-f", file.path], typing: "YES\n")
        #expect(confirmed.status == 0 && confirmed.text.contains("applied: "), "\(confirmed.text)")
        // What was told is what retention holds from now on.
        let doomed = try await fleet.list(CleanupView.self, "cleanup", "--dry-run").items.filter(\.delete)
        #expect(doomed.count == database.deletable)
        #expect(Set(database.examples.map(\.backup)).isSubset(of: Set(doomed.map(\.backup))))
        // The other way round nothing is asked, nor is it for what is deletable already.
        #expect(
            try await fleet.run("apply", "-f", "-", input: yaml.replacing("keep: 1d", with: "keep: 2d")).status == 0)
        let wider = try await fleet.run("apply", "-f", "-", input: yaml + "\nalerts: { notifySuccess: true }\n")
        #expect(wider.status == 2)
        #expect(try await fleet.run("apply", "-f", "-", "--yes", input: yaml).status == 0)
    }

    private func backups(_ fleet: Fleet) async throws -> [BackupView] {
        try await fleet.list([BackupView].self, "backup", "list", "--limit", "10000")
    }

    /// The short ids in the rows of that fate in a printed plan.
    private func ids(_ text: String, _ fate: String) -> [String] {
        var found: [String] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count > 1, words[0] == fate { found.append(String(words[1])) }
        }
        return found.sorted()
    }

    private func ids(_ items: [CleanupItem]) -> [String] {
        items.map { String($0.backup.uuidString.lowercased().prefix(8)) }.sorted()
    }

    /// Where a backup's objects and its manifest lie.
    private func keys(_ backup: BackupView) -> [String] {
        let names = backup.objects.map(\.name)
        return (names + names.map { $0.replacing(".sql", with: ".json") }).map { "db-01/database-backups/" + $0 }
    }
}
