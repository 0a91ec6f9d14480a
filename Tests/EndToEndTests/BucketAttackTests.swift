import Archive
import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// Attacks on what lets backups go, as scripts against the built programs: a bucket that was cut behind the coordinator's
/// back, and a host that was taken over.
@Suite(.timeLimit(.minutes(10))) struct BucketAttackTests {
    private static let folder = "db-01/database-backups/"

    /// The newest three of eight backups are deleted, cut short, and replaced by garbage of the same size.
    @Test func aCutBucketLetsNothingGoAndIsCriticalUntilItIsMended() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let (fleet, _, plan) = try await SeededYear.fleet(s3, days: 40)
        defer { fleet.stop() }
        let doomed = plan.items.filter(\.delete)
        #expect(doomed.count > 3)
        let newest = try await backups(fleet).prefix(3).map { $0 }
        let names = try newest.map { try #require($0.objects.first?.name) }
        let saved = names.map { _ in fleet.folder.appending(path: UUID().uuidString) }
        for (name, file) in zip(names, saved) { try await s3.aws("s3", "cp", url(s3, name), file.path) }
        let whole = try Data(contentsOf: saved[1])
        try await s3.aws("s3", "rm", url(s3, names[0]))
        try await put(whole.dropLast(), names[1], s3, fleet)
        try await put(Data(repeating: 0x78, count: try Data(contentsOf: saved[2]).count), names[2], s3, fleet)
        let before = try await s3.keys()

        let cleaned = try await fleet.run("cleanup", "--force")
        #expect(
            cleaned.status == 0 && cleaned.text.contains("left alone: inventory on db-01"),
            "\(cleaned.text) \(cleaned.error)")
        #expect(try await s3.keys() == before, "nothing may go while what justifies it is not there")
        let check = try await fleet.run("check")
        print("B1 check: \(check.status) \(check.text)")
        #expect(check.status == 2 && check.text.hasPrefix("HOLDFAST CRITICAL"), "\(check.text)")
        #expect(try await alerts(fleet) == ["damaged", "damaged", "missing"])
        let states = try await backups(fleet).prefix(3).map(\.state)
        #expect(states == [.missing, .damaged, .damaged])
        #expect(try await fleet.list(CleanupView.self, "cleanup", "--dry-run").items.allSatisfy { !$0.delete })

        // Absent is not gone: it may come back. What was changed counts again once it was read.
        for (name, file) in zip(names, saved) { try await put(try Data(contentsOf: file), name, s3, fleet) }
        fleet.killCoordinator()
        try await fleet.start()
        for backup in newest.dropFirst() { try await fleet.holdfast("backup", "verify", backup.id.uuidString) }
        try await eventually("all three count again") {
            try await backups(fleet).prefix(3).allSatisfy { $0.state == .good } ? true : nil
        }
        #expect(try await alerts(fleet) == [])
        let mended = try await fleet.run("cleanup", "--force")
        #expect(mended.text.contains("deleted \(doomed.count) backups"), "\(mended.text)")
        #expect(try await Set(backups(fleet).map(\.id)).isSuperset(of: newest.map(\.id)))
    }

    /// Who has a host's key tells of runs as he likes.
    @Test func aTakenOverHostCannotHaveItsOldBackupsDeleted() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let (fleet, host, plan) = try await SeededYear.fleet(s3, days: 40)
        defer { fleet.stop() }
        let doomed = Set(plan.items.filter(\.delete).map(\.backup))
        let before = try await backups(fleet)
        let view = try #require(try await fleet.list([AgentView].self, "agent", "list").first)
        let seeded = SeededYear(fleet: fleet, s3: s3, agent: view, policy: "all", destination: "offsite")
        // Its own, told honestly, and then again as something that is long past its time.
        let time = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down) - 60)
        let honest = try seeded.report(at: time, tiers: [.daily, .hourly], seeded.store())
        #expect(try await send(honest, host, fleet).refused.isEmpty)
        var again = honest
        (again.sequence, again.tiers, again.nominalAt) = (2, [.hourly], time - 300 * 86_400)
        again.manifest?.tiers = again.tiers
        again.manifest?.nominalAt = again.nominalAt
        #expect(try await send(again, host, fleet).refused.count == 1)
        // A run of long ago, whose objects are those of the newest backups, by its word.
        for victim in before.prefix(3) {
            var thief = try seeded.report(
                at: time - 200 * 86_400 - Double.random(in: 1...80_000).rounded(), tiers: [.hourly], seeded.store())
            let stolen = try #require(victim.objects.first)
            thief.manifest?.objects[0].name = stolen.name
            thief.destinations[0].objects[0].name = stolen.name
            thief.destinations[0].objects[1].name = stolen.name.replacing(".sql", with: ".json")
            // Taken as a run that failed, or refused: either way no backup comes of it.
            _ = try await send(thief, host, fleet)
        }
        let kept = try await backups(fleet)
        #expect(kept.count == before.count + 1)
        let own = try #require(kept.first { $0.id == honest.manifest?.id })
        #expect(Set(own.tiers) == [.daily, .hourly] && own.nominalAt == time)
        let check = try await fleet.run("check")
        print("B2 check: \(check.status) \(check.text)")
        #expect(check.status == 2 && check.text.hasPrefix("HOLDFAST CRITICAL"), "\(check.text)")
        #expect(try await alerts(fleet).contains("altered"))
        let keys = try await s3.keys()
        _ = try await fleet.run("cleanup", "--force")
        #expect(try await s3.keys() == keys, "nothing may go until somebody has looked")
        // Once a person has looked, what was due goes, and nothing else.
        for alert in try await fleet.list([IncidentView].self, "alert", "list") {
            try await fleet.holdfast("alert", "ack", "\(alert.id)")
        }
        let cleaned = try await fleet.run("cleanup", "--force")
        #expect(cleaned.text.contains("deleted "), "\(cleaned.text) \(cleaned.error)")
        let left = try await backups(fleet)
        #expect(Set(kept.map(\.id)).subtracting(left.map(\.id)).isSubset(of: doomed))
        let stored = Set(try await s3.keys())
        for backup in left {
            for object in backup.objects { #expect(stored.contains(Self.folder + object.name)) }
        }
    }

    private func send(_ report: RunReport, _ host: FleetAgent, _ fleet: Fleet) async throws -> ReportReceipt {
        let batch = ReportBatch(items: [.init(id: UUID(), run: report)])
        let answer = try await fleet.post("/v1/agent/reports", Array(JSON.encoder().encode(batch)), host.identity)
        guard answer.status == 200 else {
            throw ServerFailure("\(answer.status): \(String(decoding: answer.body, as: UTF8.self))")
        }
        return try JSON.decoder().decode(ReportReceipt.self, from: answer.body)
    }

    /// Kinds of what is open, but for the host's being off.
    private func alerts(_ fleet: Fleet) async throws -> [String] {
        try await fleet.list([IncidentView].self, "alert", "list").map(\.kind).filter {
            !["offline", "overdue", "stray"].contains($0)
        }.sorted()
    }

    /// Newest first.
    private func backups(_ fleet: Fleet) async throws -> [BackupView] {
        try await fleet.list([BackupView].self, "backup", "list", "--limit", "10000")
            .sorted { $0.nominalAt > $1.nominalAt }
    }

    private func url(_ s3: S3Server, _ name: String) -> String { "s3://\(s3.bucket)/\(Self.folder)\(name)" }

    private func put(_ bytes: Data, _ name: String, _ s3: S3Server, _ fleet: Fleet) async throws {
        let file = fleet.folder.appending(path: "put-\(UUID().uuidString)")
        try bytes.write(to: file)
        try await s3.aws("s3", "cp", file.path, url(s3, name))
    }
}
