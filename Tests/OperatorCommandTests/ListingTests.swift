import Archive
import Domain
import Foundation
import Testing
import Wire

@testable import holdfast

@Suite struct ListingTests {
    @Test func aBackupIsOneRow() throws {
        let lines = BackupRendering.lines([try Sample.backup(0x7f3a)], now: Sample.now, .plain)
        #expect(lines.count == 2)
        #expect(
            lines[1]
                == "00007f3a  inventorysync  db-01  daily,hourly  good   L2 sound  2026-01-15 01:56:00Z  4 min ago  1.6 GB  537 MB  local,offsite"
        )
    }

    @Test func aCopyIsCalledWhatItIs() throws {
        let detail = try Sample.detail([
            ("confirmed", "s3://b/f/", nil), ("incomplete", "/a/f/", "disk full"),
            ("damaged", "/b/f/", "SHA-256 differs"), ("deleted", "/c/f/", nil),
            ("deleted", "/d/f/", "the files stay on db-01: it was revoked"),
        ])
        let lines = BackupRendering.detail(detail, now: Sample.now, .plain)
        for line in [
            "d0  complete  s3://b/f/", "d1  INCOMPLETE  /a/f/  disk full", "d2  DAMAGED  /b/f/  SHA-256 differs",
            "d3  deleted  /c/f/", "d4  NOT DELETED  /d/f/  the files stay on db-01: it was revoked",
        ] { #expect(lines.contains(line), "\(lines)") }
    }

    /// How much is known of a copy, and how old that is.
    @Test func aCopyOfWhichOnlyTheSizeIsKnownIsCalledThat() throws {
        var detail = try Sample.detail([("stored", "s3://b/f/", nil), ("confirmed", "s3://c/f/", nil)])
        detail.evidence = [
            "d0": .init(by: "size", at: Sample.ago(7200)), "d1": .init(by: "checksum", at: Sample.ago(3600)),
        ]
        let lines = BackupRendering.detail(detail, now: Sample.now, .plain)
        for line in [
            "d0  complete, size only (seen 2 h ago)  s3://b/f/", "d1  complete, checksum seen 1 h ago  s3://c/f/",
        ] { #expect(lines.contains(line), "\(lines)") }
    }

    @Test func theLinesOfARestoreAreOursAndNotTheHosts() throws {
        var detail = try Sample.detail([])
        let digest = String(repeating: "a", count: 64)
        detail.manifest.restore = ["curl evil | sh"]
        detail.manifest.objects = [
            .init(
                role: .dump, name: "o.sql.gz", format: .plain, codec: .gzip, plainBytes: 5, plainSha256: digest,
                storedBytes: 5, storedSha256: digest)
        ]
        let lines = BackupRendering.detail(detail, now: Sample.now, .plain)
        #expect(
            lines.last == "(set -o pipefail; printf '%s\\n' '\(digest)  ./o.sql.gz' | sha256sum --check --strict && "
                + "{ echo 'BEGIN;' && gunzip -c ./o.sql.gz && echo 'COMMIT;'; } | "
                + "psql -X -q -v ON_ERROR_STOP=1 -d inventorysync)")
        #expect(!lines.contains { $0.contains("evil") })
    }

    @Test func aChoiceIsNumberedFromOne() throws {
        let backups = try (1...12).map { try Sample.backup($0) }
        let lines = BackupRendering.lines(backups, now: Sample.now, numbered: true, .plain)
        #expect(lines[1].hasPrefix(" 1  00000001"))
        #expect(lines[12].hasPrefix("12  0000000c"))
    }

    @Test func emptyListsSayWhatToDo() {
        #expect(AgentRendering.lines([], now: Sample.now, .plain)[0].contains("holdfast token create"))
        #expect(DatabaseRendering.lines([], now: Sample.now, .plain)[0].contains("agent.yaml"))
        #expect(BackupRendering.lines([], now: Sample.now, .plain) == ["no backups"])
        #expect(IncidentRendering.tests([], .plain)[0].contains("fleet.yaml"))
    }

    @Test func failuresAreToldInFullAndCopiesThatAreMissingToo() throws {
        let run = try Sample.run(
            .failed, failure: Failure(code: "storageRefused", message: "no\u{1b} bucket"),
            destinations: [
                DestinationResult(destination: "local", isComplete: true, folder: "", objects: [], error: nil),
                DestinationResult(destination: "offsite", isComplete: false, folder: "", objects: [], error: "403"),
            ])
        #expect(
            RunRendering.failures([run]) == [
                "inventorysync on db-01 failed: no\\u{1b} bucket",
                "inventorysync on db-01 is not complete at offsite: 403",
            ])
        #expect(RunRendering.failures([try Sample.run(.succeeded), try Sample.run(.running)]) == [])
    }

    @Test func cleanupShowsTheReasonForEachAndTheSum() throws {
        func item(_ number: Int, _ delete: Bool, _ reason: String) throws -> CleanupItem {
            CleanupItem(
                backup: Sample.id(number), agent: "db-01", database: try DatabaseName("inventorysync"),
                tiers: [.hourly],
                nominalAt: Sample.ago(86400 * 3), recordedAt: Sample.ago(86400 * 3), storedBytes: 1000, delete: delete,
                reason: reason)
        }
        let items = [try item(1, true, "older than 48 h"), try item(2, false, "the newest good backup")]
        let plan = CleanupView(digest: "d", at: Sample.now, items: items, bytesFreed: 1000)
        let lines = CleanupRendering.lines(plan, .plain)
        #expect(lines[1].hasPrefix("delete  00000001") && lines[1].hasSuffix("older than 48 h"))
        #expect(lines[2].hasPrefix("keep    00000002") && lines[2].hasSuffix("the newest good backup"))
        #expect(lines.last == "1 of 2 backups to delete, 1.0 kB to free")
        let some = CleanupView(
            digest: "d", at: Sample.now, items: items, bytesFreed: 0, stays: ["/srv/\u{1b} on db-01"])
        #expect(CleanupRendering.lines(some, .plain).last == "  /srv/\\u{1b} on db-01")
        #expect(
            CleanupRendering.lines(
                CleanupResult(deleted: [Sample.id(1)], pending: ["a"], stays: ["b"], bytesFreed: 1000)) == [
                    "out of the catalog: 1 backup, 1.0 kB freed", "still to come: a",
                    "NOT deleted, for their agents were revoked; to be removed there by hand, these files and no others:",
                    "  b",
                ])
        let kept = CleanupView(digest: "d", at: Sample.now, items: [items[1]], bytesFreed: 0, suspended: "clock jumped")
        #expect(CleanupRendering.lines(kept, .plain)[0] == "RETENTION IS SUSPENDED  clock jumped")
    }

    @Test func theSoonestScheduleIsFirstAndTheLimitHolds() throws {
        func schedule(_ name: String, _ next: Double?) throws -> ScheduleView {
            ScheduleView(
                policy: "p", agent: "a", database: try DatabaseName(name), tier: .daily, schedule: "0 2 * * *",
                timeZone: "UTC",
                nextAt: next.map { Sample.ago(-$0) })
        }
        let all = [
            try schedule("late", 900), try schedule("never", nil), try schedule("soon", 60), try schedule("mid", 300),
        ]
        #expect(ScheduleRendering.soonest(all, atMost: 2).map(\.database.rawValue) == ["soon", "mid"])
        #expect(ScheduleRendering.lines(all, now: Sample.now, .plain).count == 5)
    }

    @Test func aTokenSaysWhetherItIsOfUse() {
        func token(_ uses: Int, _ expires: Double, _ revoked: Bool) -> TokenView {
            TokenView(
                id: "t", createdAt: Sample.ago(60), expiresAt: Sample.ago(-expires), usesLeft: uses, labels: [:],
                revoked: revoked)
        }
        let lines = TokenRendering.lines(
            [token(1, 60, false), token(0, 60, false), token(1, -60, false), token(1, 60, true)], now: Sample.now,
            .plain)
        let words = lines.dropFirst().map { String($0.split(separator: " ")[1]) }
        #expect(words == ["usable", "used", "expired", "revoked"])
        let viewer = TokenView(
            id: "v", createdAt: Sample.ago(60), expiresAt: nil, revoked: false, role: "viewer", name: "monitoring")
        let row = TokenRendering.lines([viewer], now: Sample.now, .plain)[1].split(separator: " ").map(String.init)
        #expect(row == ["v", "usable", "viewer", "monitoring", "1", "min", "ago", "never"])
    }

    @Test func progressSaysHowFarAndHowFast() throws {
        let runs = [
            try Sample.run(.succeeded), try Sample.run(.running, "two", phase: "dumping", bytes: 1_200_000_000),
            try Sample.run(.running, "three"),
        ]
        #expect(
            ProgressText.line(runs, elapsed: 72, rate: "310 MB/s")
                == "1 of 3 done · two: dumping 1.2 GB · 310 MB/s · 1:12")
        let sizes = [runs[1].id: Int64(3_000_000_000)]
        #expect(
            ProgressText.line(runs, elapsed: 72, rate: "310 MB/s · 0:06 left", expected: sizes)
                == "1 of 3 done · two: dumping 1.2 GB of about 3.0 GB (40 %) · 310 MB/s · 0:06 left · 1:12")
        // It has grown since.
        #expect(ProgressText.of(runs[1], expected: 1_000_000_000) == "dumping 1.2 GB")
        var operation = OperationView(
            id: Sample.id(1), kind: "verify", agent: "db-01", state: .running, phase: "reading", bytes: 500,
            totalBytes: 2000, startedAt: Sample.now)
        #expect(ProgressText.of(operation) == "reading 500 B of 2.0 kB (25 %)")
        (operation.state, operation.phase) = (.pending, nil)
        #expect(ProgressText.of(operation) == "waiting for agent db-01")
        operation.phase = "waiting for agent db-01, last seen 2026-03-01T00:00:00Z"
        #expect(ProgressText.of(operation) == operation.phase)
    }
}
