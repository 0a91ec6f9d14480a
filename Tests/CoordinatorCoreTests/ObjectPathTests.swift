import Archive
import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// A backup is found by where one of its objects lies.
struct ObjectPathTests {
    @Test func thePlaceSaysWhichBackup() async throws {
        let bench = try await Bench()
        let places = [
            Destination(name: "disk", directory: .init(path: "/var/backups/holdfast/")),
            Destination(name: "offsite", s3: .init(bucket: "acme", region: "us-east-1", prefix: "fleet/")),
        ]
        let old = try await bench.enrol("db-00")
        _ = try await old.checkIn(databases: [old.facts("shop")])
        let first = try old.report(.succeeded, run: UUID(), database: "shop", nominalAt: bench.clock.now)
        #expect(try await old.send([first]).refused.isEmpty)
        _ = try await bench.coordinator.apply(
            ApplyRequest(
                yaml: """
                    destinations:
                      disk: { directory: /var/backups/holdfast/ }
                      offsite: { s3: { bucket: acme, region: us-east-1, prefix: fleet/ } }
                    policies: { default: { tiers: { hourly: { keep: 48h } } } }
                    """, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
        var ids: [String: UUID] = [:]
        var name = ""
        for host in ["db-01", "db-02"] {
            let agent = try await bench.enrol(host)
            _ = try await agent.checkIn(databases: [agent.facts("shop")])
            let report = try agent.report(
                .succeeded, run: UUID(), database: "shop", nominalAt: bench.clock.now, destinations: places)
            #expect(try await agent.send([report]).refused.isEmpty)
            ids[host] = report.manifest?.id
            name = try #require(report.manifest?.objects.first?.name)
        }
        let manifest = name.replacing(".sql", with: ".json")
        func found(_ path: String) async throws -> Set<UUID?> {
            try await Set(bench.coordinator.backups(BackupQuery(path: path), by: bench.admin).map(\.id))
        }
        let (one, two) = (ids["db-01"], ids["db-02"])
        for file in [name, manifest] {
            #expect(try await found(file) == [first.manifest?.id, one, two])
            // In the agent's data directory, wherever that is.
            #expect(
                try await found("/var/lib/holdfast-agent/backups/db-00/database-backups/\(file)") == [
                    first.manifest?.id
                ])
            #expect(try await found("db-02/database-backups/\(file)") == [two])
            #expect(try await found("./database-backups//\(file)") == [first.manifest?.id, one, two])
            #expect(try await found("/var/backups/holdfast/db-01/database-backups/\(file)") == [one])
            #expect(try await found("/var/backups/x/../holdfast/./db-01/database-backups/\(file)") == [one])
            // A copy of the tree.
            #expect(try await found("/mnt/usb/db-01/database-backups/\(file)") == [one])
            #expect(try await found("s3://acme/fleet/db-02/database-backups/\(file)") == [two])
            for none in [
                "s3://acme/db-02/database-backups/\(file)", "s3://other/fleet/db-02/database-backups/\(file)",
                "/tmp/\(file)", "/mnt/xdb-01/database-backups/\(file)", "/var/backups/holdfast/db-01/\(file)",
                "x\(file)",
            ] {
                #expect(try await found(none) == [], "\(none)")
            }
        }
        for bad in ["", "/", "s3://", "db-01/", String(repeating: "a/", count: 3000) + "b"] {
            await #expect(throws: BackupError.self, "\(bad.prefix(20))") { _ = try await found(bad) }
        }
        let mixed = await #expect(throws: BackupError.self) {
            _ = try await bench.coordinator.backups(BackupQuery(database: "shop", path: name), by: bench.admin)
        }
        #expect(mixed?.code == .usage)
    }
}
