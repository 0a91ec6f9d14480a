import Archive
import Catalog
import Domain
import Foundation
import Sealing
import Testing
import Wire

@testable import CoordinatorCore

/// What lies in a store is taken into the catalog only as far as it holds together.
@Suite struct RebuildTests {
    private struct Bucket {
        let root: URL

        /// A backup as an agent leaves it, but for what `change` does to its manifest.
        func put(
            _ host: String, in folder: String? = nil, at hour: Int = 2, withObject: Bool = true,
            _ change: (inout Manifest) -> Void = { _ in }
        ) throws -> Manifest {
            let nominal = try #require(Timestamp.date("2026-02-01T0\(hour):00:00Z"))
            let keys = BackupKeys(
                agentName: host, database: try DatabaseName("shop"), kind: .sqlite, tier: .daily, nominalAt: nominal)
            let bytes = Array("the dump of \(host) at \(hour)".utf8)
            let name = keys.objectName(.dump, .sqlite, .none)
            let digest = hex(sha256(bytes))
            var manifest = Manifest(
                id: UUID(), run: UUID(), attempt: 1, agent: .init(id: UUID(), name: host),
                database: .init(name: try DatabaseName("shop"), kind: .sqlite, serverVersion: nil, sizeBytes: nil),
                policy: "all",
                tiers: [.daily], nominalAt: nominal, startedAt: nominal, snapshotAt: nominal, finishedAt: nominal + 1,
                tool: "sqlite",
                objects: [
                    .init(
                        role: .dump, name: name, format: .sqlite, codec: .none, plainBytes: Int64(bytes.count),
                        plainSha256: digest,
                        storedBytes: Int64(bytes.count), storedSha256: digest)
                ], fingerprint: nil, restore: [], holdfast: "0.1.0")
            change(&manifest)
            let place = root.appending(path: folder ?? keys.folder)
            try FileManager.default.createDirectory(
                at: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            if withObject { try Data(bytes).write(to: place.appending(path: name)) }
            try Data(manifest.encoded()).write(to: place.appending(path: keys.manifestName))
            return manifest
        }
    }

    private func rebuild(_ bench: Bench, _ bucket: Bucket, without: [String]? = nil) async throws -> RebuildView {
        try await rebuild(bench, from: bucket.root.path, without: without)
    }

    private func rebuild(
        _ bench: Bench, from: String?, without: [String]?, withoutWaiting: Bool? = nil
    ) async throws -> RebuildView {
        _ = try await bench.coordinator.rebuildCatalog(
            RebuildRequest(from: from, dryRun: false, without: without, withoutWaiting: withoutWaiting),
            by: bench.admin)
        await bench.coordinator.rebuildIfAsked()
        return try #require(bench.coordinator.rebuilding.view)
    }

    @Test func whatDoesNotHoldTogetherIsNotTakenAndKeepsNothingElseAway() async throws {
        let bench = try await Bench()
        let known = try await bench.enrol("db-09")
        let bucket = Bucket(root: bench.folder.appending(path: "bucket"))
        try FileManager.default.createDirectory(
            at: bucket.root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let good = try bucket.put("db-01")
        // In another host's folder, of another id than the catalog knows, cut, and without its object.
        _ = try bucket.put("db-02", in: "db-03/database-backups/")
        _ = try bucket.put("db-09")
        _ = try bucket.put("db-04", withObject: false)
        _ = try bucket.put("db-05") { $0.objects[0].storedBytes += 1 }
        _ = try bucket.put("db-06") { $0.objects = [] }
        _ = try bucket.put("bad name")
        let garbage = bucket.root.appending(path: "db-07/database-backups")
        try FileManager.default.createDirectory(
            at: garbage, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try Data("{".utf8).write(to: garbage.appending(path: "shop_db_daily_20260201_020000.json"))

        let view = try await rebuild(bench, bucket)
        #expect(view.state == .incomplete && view.added == 1 && view.refusedCount == 7, "\(view)")
        #expect(view.agents == ["db-01"])
        let (backups, agent) = try await bench.coordinator.catalog.read { view in
            (try view.backups(BackupFilter(limit: 100)), try view.agent(known.identity.id))
        }
        #expect(backups.map(\.id) == [good.id] && backups.map(\.state) == [.good])
        #expect(agent?.keyFingerprint == known.identity.key, "who is known stays who it is")
        let again = try await rebuild(bench, bucket)
        #expect(again.added == 0)
        // A row that was made from a manifest lets nobody in.
        let stranger = try await bench.coordinator.catalog.read { try $0.agent(named: "db-01") }
        #expect(stranger?.keyFingerprint == Coordinator.noKey)
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.admit(AdmitRequest(agents: ["db-01"]), by: bench.admin)
        }
    }

    @Test func whatTheClockOfAHostSaysDoesNotMakeABackupOlderThanItsStoreKnows() async throws {
        let bench = try await Bench(at: "2027-03-01T00:00:00Z")
        let bucket = Bucket(root: bench.folder.appending(path: "bucket"))
        let put = try bucket.put("db-01")
        let stored = try #require(
            try FileManager.default.attributesOfItem(
                atPath: bucket.root.appending(path: "db-01/database-backups/shop_db_daily_20260201_020000.json").path)[
                    .modificationDate] as? Date)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: bucket.root.path)
        _ = try await rebuild(bench, bucket)
        let backup = try await bench.coordinator.catalog.read { try $0.backup(put.id) }
        let recorded = try #require(backup?.recordedAt)
        #expect(abs(recorded.timeIntervalSince(stored)) < 2, "\(recorded) against \(stored)")
    }

    private func apply(_ bench: Bench, _ yaml: String = "policies: {}") async throws {
        _ = try await bench.coordinator.apply(
            ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
    }

    @Test func aDryRunChangesNothingAndAGapStays() async throws {
        let bench = try await Bench()
        try await apply(bench)
        let bucket = Bucket(root: bench.folder.appending(path: "bucket"))
        _ = try bucket.put("db-01")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: bucket.root.path)
        let now = bench.clock.now
        try await bench.coordinator.catalog.write {
            try CatalogGap(mark: CatalogMark(epoch: 4, head: 9), since: now, reason: "a test").write($0)
        }
        _ = try await bench.coordinator.rebuildCatalog(
            RebuildRequest(from: bucket.root.path, dryRun: true), by: bench.admin)
        await bench.coordinator.rebuildIfAsked()
        #expect(bench.coordinator.rebuilding.view?.added == 1)
        let (count, gap) = try await bench.coordinator.catalog.read { view in
            (try view.backups(BackupFilter(limit: 10)).count, try CatalogGap.read(view))
        }
        #expect(count == 0 && gap != nil)
        _ = try await rebuild(bench, bucket, without: ["db-01"])
        let mark = try await bench.coordinator.catalog.read { view in
            (try CatalogMark.read(view), try CatalogGap.read(view))
        }
        #expect(mark.0.epoch == 5 && mark.0.head > 9 && mark.1 == nil)
    }

    /// A coordinator with two buckets, and what stands for them.
    private func twoBuckets() async throws -> (bench: Bench, one: Offsite, two: Offsite) {
        let (one, two) = (try Offsite(), try Offsite())
        let bench = try await Bench.withBucket(one) { world in
            world.openS3 = { (s3) throws(BackupError) in s3.bucket == "acme-two" ? two : one }
        }
        try await apply(
            bench,
            """
            destinations: { one: { s3: { bucket: acme-one } }, two: { s3: { bucket: acme-two } } }
            policies: { all: { tiers: { daily: { schedule: "0 2 * * *", keep: 30d } }, destinations: [one, two] } }
            """)
        let now = bench.clock.now
        try await bench.coordinator.catalog.write { try CatalogGap(mark: nil, since: now, reason: "a test").write($0) }
        return (bench, one, two)
    }

    @Test func whoKnowsAnothersBackupPutsNothingIntoIt() async throws {
        let (bench, one, two) = try await twoBuckets()
        let good = try Bucket(root: one.root).put("db-01")
        #expect(try await rebuild(bench, from: nil, without: nil).added == 1)
        // Under its own name with other contents; and from another host's folder.
        _ = try Bucket(root: two.root).put("db-01", at: 3) { manifest in
            (manifest.id, manifest.agent.id, manifest.run) = (good.id, good.agent.id, good.run)
        }
        let view = try await rebuild(bench, from: nil, without: nil)
        #expect(view.added == 0 && view.copies == 0 && view.refusedCount == 1, "\(view)")
        #expect(view.refused.first?.contains("another one than the catalog has") == true, "\(view)")
        let copies = try await bench.coordinator.catalog.read { try $0.copies(of: good.id) }
        #expect(copies.count == 1 && copies.first?.folder == "db-01/database-backups/")
    }

    @Test func aBackupThatTwoHostsSayIsTakenFromNeitherUntilOneIsKnown() async throws {
        let (bench, one, two) = try await twoBuckets()
        let good = try Bucket(root: one.root).put("db-01")
        // The other store has only the forgery; both are seen before either is believed.
        _ = try Bucket(root: two.root).put("db-02") { $0.id = good.id }
        let view = try await rebuild(bench, from: nil, without: nil)
        #expect(view.state == .incomplete && view.added == 0, "\(view)")
        #expect(view.message?.contains("2 manifests say to be of backup \(good.id.uuidString.lowercased())") == true)
        #expect(try await bench.coordinator.catalog.read { try CatalogGap.read($0) } != nil)
        // What an operator says is wrong is left out.
        let second = try await rebuild(bench, from: nil, without: ["db-02"])
        #expect(second.state == .succeeded && second.added == 1, "\(second)")
        #expect(try await bench.coordinator.catalog.read { try CatalogGap.read($0) } == nil)
    }

    @Test func aNameThatTwoIdsClaimIsNobodysUntilOneIsLetIn() async throws {
        let (bench, one, _) = try await twoBuckets()
        let bucket = Bucket(root: one.root)
        let good = try bucket.put("db-01")
        // Older, and of an id of the attacker's own: it would be the first to have the name.
        _ = try bucket.put("db-01", at: 1)
        let view = try await rebuild(bench, from: nil, without: nil)
        #expect(view.state == .incomplete && view.added == 0 && view.agents == [], "\(view)")
        #expect(view.message?.contains("the folder of db-01 names more than one host") == true)
        #expect(try await bench.coordinator.catalog.read { try $0.agents().isEmpty })
        let now = bench.clock.now
        let certificate = try bench.coordinator.authority.issueAgent(
            csrPEM: try CertificateSigningRequest(key: try PrivateKey()).pem(), agentID: good.agent.id, now: now)
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.authenticateAgent(
                certificateDER: certificate.der, now: now, name: "db-01", remote: "127.0.0.9")
        }
        _ = try await bench.coordinator.admit(AdmitRequest(agents: ["db-01"]), by: bench.admin)
        let again = try await rebuild(bench, from: nil, without: nil)
        #expect(again.state == .succeeded && again.added == 1 && again.refusedCount == 1, "\(again)")
        #expect(try await bench.coordinator.catalog.read { try $0.backup(good.id) } != nil)
    }

    @Test func anOlderBackupThatIsBroughtBackHidesNoNewerOne() async throws {
        let (bench, one, _) = try await twoBuckets()
        let bucket = Bucket(root: one.root)
        let newer = try bucket.put("db-01", at: 5)
        _ = try await rebuild(bench, from: nil, without: nil)
        _ = try bucket.put("db-01", at: 2) { manifest in manifest.agent.id = newer.agent.id }
        #expect(try await rebuild(bench, from: nil, without: nil).added == 1)
        let databases = try await bench.coordinator.catalog.read { try $0.databases() }
        // Both lack the second bucket, so none of them is good; the newest of all is told of by its row.
        let newest = try await bench.coordinator.catalog.read { view in
            try databases.flatMap { try view.backups(ofDatabase: $0.id) }.max { $0.snapshotAt < $1.snapshotAt }
        }
        #expect(databases.count == 1 && newest?.id == newer.id)
    }

    @Test func aLookAtAnotherPlaceThanTheFleetsEndsNoRest() async throws {
        let bench = try await Bench()
        let bucket = Bucket(root: bench.folder.appending(path: "bucket"))
        _ = try bucket.put("db-01")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: bucket.root.path)
        _ = try await bench.coordinator.apply(
            ApplyRequest(
                yaml: """
                    destinations: { one: { s3: { bucket: acme-one } }, two: { s3: { bucket: acme-two } } }
                    policies: {}
                    """, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
        let now = bench.clock.now
        try await bench.coordinator.catalog.write { try CatalogGap(mark: nil, since: now, reason: "a test").write($0) }
        let view = try await rebuild(bench, bucket)
        #expect(view.message?.contains("the fleet's own stores") == true, "\(view)")
        #expect(try await bench.coordinator.catalog.read { try CatalogGap.read($0) } != nil)
    }

    @Test func anIdThatTwoHostsSayIsNobodysUntilOneIsLetIn() async throws {
        let bench = try await Bench()
        try await apply(bench)
        let bucket = Bucket(root: bench.folder.appending(path: "bucket"))
        let good = try bucket.put("db-01")
        // The attacker's is older, and would be the first to be taken in.
        _ = try bucket.put("db-02", at: 1) { $0.agent.id = good.agent.id }
        _ = try bucket.put("db-03")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: bucket.root.path)
        let now = bench.clock.now
        try await bench.coordinator.catalog.write { try CatalogGap(mark: nil, since: now, reason: "a test").write($0) }
        let view = try await rebuild(bench, bucket)
        #expect(view.state == .incomplete && view.added == 1 && view.agents == ["db-03"], "\(view)")
        #expect(view.message?.contains("the folders of db-01, db-02 name one host") == true)
        #expect(try await bench.coordinator.catalog.read { try CatalogGap.read($0) } != nil)
        let certificate = try bench.coordinator.authority.issueAgent(
            csrPEM: try CertificateSigningRequest(key: try PrivateKey()).pem(), agentID: good.agent.id, now: now)
        await #expect(throws: BackupError.self) {
            try await bench.coordinator.authenticateAgent(
                certificateDER: certificate.der, now: now, name: "db-01", remote: "127.0.0.9")
        }
        _ = try await bench.coordinator.admit(AdmitRequest(agents: ["db-01"]), by: bench.admin)
        let again = try await rebuild(bench, bucket)
        #expect(again.state == .succeeded && again.added == 1 && again.refusedCount == 1, "\(again)")
        #expect(try await bench.coordinator.catalog.read { try $0.backup(good.id) } != nil)
        #expect(try await bench.coordinator.catalog.read { try CatalogGap.read($0) } == nil)
    }

    @Test func aManifestThatCannotBeReadHoldsRetention() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let bucket = Bucket(root: offsite.root)
        _ = try bucket.put("db-01")
        _ = try bucket.put("db-02")
        offsite.unreadable = "db-02/database-backups/shop_db_daily_20260201_020000.json"
        let now = bench.clock.now
        try await bench.coordinator.catalog.write { try CatalogGap(mark: nil, since: now, reason: "a test").write($0) }
        let view = try await rebuild(bench, from: nil, without: nil, withoutWaiting: true)
        #expect(view.state == .incomplete && view.added == 1, "\(view)")
        #expect(view.message?.contains("db-02/database-backups/shop_db_daily_20260201_020000.json") == true)
        #expect(view.message?.contains("--without db-02") == true)
        #expect(try await bench.coordinator.catalog.read { try CatalogGap.read($0) } != nil)
        offsite.unreadable = nil
        // Its hosts' own directories count as well, unless it is said that they are gone.
        let second = try await rebuild(bench, from: nil, without: nil)
        #expect(second.state == .incomplete && second.added == 1 && second.message?.contains("db-02") == true)
        let third = try await rebuild(bench, from: nil, without: nil, withoutWaiting: true)
        #expect(third.state == .succeeded && third.message == nil, "\(third)")
        #expect(try await bench.coordinator.catalog.read { try CatalogGap.read($0) } == nil)
    }
}
