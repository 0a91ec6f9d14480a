import Archive
import Domain
import Engines
import Foundation
import Synchronization
import TestSupport
import Testing
import Wire

@testable import AgentCore

/// What a host does not let its coordinator ask, on real folders.
@Suite(.timeLimit(.minutes(2))) struct HostGuardTests {
    private static func make(_ host: AgentHost, _ allow: String = "") throws -> HostGuard {
        let yaml = """
            databases:
              - { name: "dev db", sqlite: \(host.database.path) }
              - { name: shop, url: "postgres://postgres@localhost/shop_production" }
              - { name: files, application: { paths: [\(host.folder.path)/.config] } }
            \(allow)
            """
        let configuration = try AgentConfiguration(yaml: yaml, file: "agent.yaml", environment: [:])
        try FileManager.default.createDirectory(at: host.paths.data, withIntermediateDirectories: true)
        return try HostGuard(paths: host.paths, configuration: LiveConfiguration(configuration))
    }

    private static func directory(_ path: String?) -> Destination {
        Destination(name: "d", directory: .init(path: path))
    }

    private static func s3(_ endpoint: String?, _ bucket: String = "b", region: String = "r") -> Destination {
        Destination(name: "s", s3: .init(bucket: bucket, region: region, endpoint: endpoint))
    }

    private static func isAllowed(_ limits: HostGuard, _ destination: Destination) -> Bool {
        do {
            _ = try limits.allowed(destination)
            return true
        } catch {
            #expect(error.code == .forbidden)
            #expect(error.message.hasPrefix("the host does not allow this: "))
            return false
        }
    }

    @Test func directoriesAreOnlyThoseOfTheHostAndNothingLeadsOutOfThem() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let (inside, outside) = (host.folder.path + "/in", host.folder.path + "/out")
        for folder in [inside, outside] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        try FileManager.default.createSymbolicLink(atPath: inside + "/link", withDestinationPath: outside)
        try FileManager.default.createSymbolicLink(atPath: inside + "/nowhere", withDestinationPath: "/nonexistent/x")
        try FileManager.default.createSymbolicLink(atPath: outside + "/back", withDestinationPath: inside)
        let usual = try Self.make(host)
        for path in [nil, "/var/backups/holdfast", "/var/backups", host.paths.data.path + "/elsewhere"] {
            #expect(Self.isAllowed(usual, Self.directory(path)), "\(path ?? "none")")
        }
        for path in ["/", "/etc", inside, "/var/backups/../../etc", "/var/backupsX", "relative"] {
            #expect(!Self.isAllowed(usual, Self.directory(path)), "\(path)")
        }
        let named = try Self.make(host, "allow: { directories: [\(inside)] }")
        for path in [inside, inside + "/new/deeper", outside + "/back/new"] {
            #expect(Self.isAllowed(named, Self.directory(path)), "\(path)")
        }
        for path in [nil, outside, inside + "/link", inside + "/link/new", inside + "/nowhere", inside + "/../out"] {
            #expect(!Self.isAllowed(named, Self.directory(path)), "\(path ?? "none")")
        }
        #expect(try named.allowed(Self.directory(outside + "/back/new")).directory?.path?.hasSuffix("/in/new") == true)
    }

    @Test func theFirstStoreIsRememberedAndNoOtherTakesItsPlace() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let first = try Self.make(host)
        try first.remember()
        #expect(Self.isAllowed(first, Self.s3("https://minio:9000")), "there is none yet")
        try first.meet([Self.directory(nil)])
        try first.meet([Self.s3("https://minio:9000/"), Self.s3(nil, region: "eu-west-1")])
        try first.meet([Self.s3("https://evil.example")])
        let again = try Self.make(host)
        for limits in [first, again] {
            #expect(Self.isAllowed(limits, Self.s3("https://minio:9000", "another")))
            #expect(
                Self.isAllowed(limits, Self.s3("https://s3.us-east-1.amazonaws.com", "another", region: "us-east-1")))
            #expect(!Self.isAllowed(limits, Self.s3("https://evil.example")))
            #expect(!Self.isAllowed(limits, Self.s3("http://minio:9000")))
            #expect(limits.limits.stores == ["aws", "https://minio:9000"])
        }
        #expect(Self.isAllowed(try Self.make(host, "allow: { endpoints: any }"), Self.s3("https://evil.example")))
        let named = try Self.make(host, "allow: { endpoints: [\"https://other:9000\"] }")
        #expect(Self.isAllowed(named, Self.s3("https://other:9000")))
        #expect(!Self.isAllowed(named, Self.s3("https://minio:9000")))
        var ours = Destination.S3(bucket: "b", region: "r", endpoint: "https://other:9000")
        ours.caFile = host.paths.authority.path
        #expect(!Self.isAllowed(named, Destination(name: "s", s3: ours)), "the coordinator has that authority's key")
        // Nor does a later plan change how a store is reached.
        var detour = Destination.S3(bucket: "b", region: "r", endpoint: "https://minio:9000")
        detour.proxy = "http://evil.example:3128"
        #expect(!Self.isAllowed(again, Destination(name: "s", s3: detour)))
        (detour.proxy, detour.caFile) = (nil, "/var/backups/evil.pem")
        #expect(!Self.isAllowed(again, Destination(name: "s", s3: detour)))
        try again.meet([Destination(name: "s", s3: detour)])
        #expect(!Self.isAllowed(again, Destination(name: "s", s3: detour)))
        #expect(Self.isAllowed(try Self.make(host, "allow: { endpoints: any }"), Destination(name: "s", s3: detour)))
        // Damaged it widens nothing, and keeps nobody from starting.
        try Data("{".utf8).write(to: host.paths.knownPlaces)
        let damaged = try Self.make(host)
        try damaged.meet([Self.s3("https://evil.example")])
        try damaged.remember()
        #expect(!Self.isAllowed(damaged, Self.s3("https://evil.example")))
        #expect(!Self.isAllowed(damaged, Self.s3("https://minio:9000")))
        #expect(Self.isAllowed(damaged, Self.directory(nil)))
        #expect(try Data(contentsOf: host.paths.knownPlaces) == Data("{".utf8), "it is left for a person to look at")
    }

    /// A link in the data directory is the host's own doing.
    @Test func theOwnFolderMayBeALink() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let disk = host.folder.appending(path: "disk")
        for folder in [disk, host.paths.data] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        try FileManager.default.createSymbolicLink(at: host.paths.backups, withDestinationURL: disk)
        let usual = try Self.make(host)
        #expect(Self.isAllowed(usual, Self.directory(nil)))
        #expect(!Self.isAllowed(usual, Self.directory(disk.path)))
    }

    /// An agent without limits is upgraded: what its plan says goes on, and what a later plan says does not widen it.
    @Test func thePlanThatLayHereAtTheUpgradeIsTakenIn() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        var plan = Plan.empty
        (plan.revision, plan.destinations) = (3, [Self.directory("/mnt/nas"), Self.s3("https://minio:9000")])
        try FileManager.default.createDirectory(at: host.paths.data, withIntermediateDirectories: true)
        try DurableFile<Plan>(url: host.paths.plan).save(plan)
        let upgraded = try Self.make(host)
        try upgraded.remember()
        plan.destinations += [Self.directory("/etc"), Self.s3("https://evil.example")]
        try DurableFile<Plan>(url: host.paths.plan).save(plan)
        for limits in [upgraded, try Self.make(host)] {
            try limits.meet(plan.destinations)
            #expect(Self.isAllowed(limits, Self.directory("/mnt/nas")))
            #expect(Self.isAllowed(limits, Self.s3("https://minio:9000")))
            #expect(!Self.isAllowed(limits, Self.directory("/etc")))
            #expect(!Self.isAllowed(limits, Self.s3("https://evil.example")))
        }
    }

    /// What is refused at one destination is made at the others.
    @Test func aRefusedDestinationMakesThePartialBackupKnown() async throws {
        var host = try await AgentHost()
        defer { host.remove() }
        host.allowed = [AllowSetting.data]
        let elsewhere = host.folder.appending(path: "elsewhere")
        try await host.perform([
            host.job(destinations: [host.local, Destination(name: "usb", directory: .init(path: elsewhere.path))])
        ])
        let report = try #require(await host.reports.last)
        #expect(report.event == Word(.failed) && report.manifest != nil && report.attempt == 1)
        #expect(report.destinations.filter(\.isComplete).map(\.destination) == ["local"])
        #expect(report.failure?.message.contains("usb: the host does not allow this: ") == true)
        #expect(!FileManager.default.fileExists(atPath: elsewhere.path))
    }

    @Test func restoresGoOnlyWhereTheHostSays() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let folder = host.folder.path
        func isAllowed(_ database: String, _ target: String?, replace: Bool = false, _ allow: String = "") throws
            -> Bool
        {
            let order = RestoreOrder(
                backup: UUID(), database: try DatabaseName(database), kind: .sqlite, sources: [], fingerprint: nil,
                target: target, replace: replace, skipChecksum: false, withGlobals: false, requestedAt: host.world.now()
            )
            do {
                try Self.make(host, allow).requireRestorable(order)
                return true
            } catch let error as BackupError {
                #expect(error.code == .forbidden && error.message.hasPrefix("the host does not allow this: "))
                return false
            }
        }
        #expect(try isAllowed("dev db", nil))
        #expect(try isAllowed("dev db", folder + "/dev.db", replace: true))
        #expect(try isAllowed("dev db", folder + "/dev.db.copy"))
        #expect(try isAllowed("dev db", folder + "/dev_old.db"))
        #expect(try !isAllowed("dev db", folder + "/dev.db.copy", replace: true))
        #expect(try !isAllowed("dev db", folder + "/dev.php"))
        #expect(try !isAllowed("dev db", folder + "/dev.db.php"))
        #expect(try !isAllowed("dev db", folder + "/authorized_keys"))
        #expect(try !isAllowed("dev db", folder + "/../dev.db2"))
        #expect(try !isAllowed("dev db", "/etc/cron.d/x"))
        #expect(try isAllowed("files", host.paths.restored.path + "/anything"))
        #expect(try !isAllowed("files", folder + "/.ssh"))
        #expect(try isAllowed("shop", "shop_copy"))
        #expect(try isAllowed("shop", "shop_production", replace: true))
        #expect(try !isAllowed("shop", "payroll", replace: true))
        #expect(try isAllowed("shop", "payroll", replace: true, "allow: { restoreTo: [payroll] }"))
        #expect(try !isAllowed("shop", "shop_production", replace: true, "allow: { restoreTo: [payroll] }"))
        #expect(try !isAllowed("shop", nil, "allow: { restoreTo: [declared] }"))
        #expect(try !isAllowed("dev db", folder + "/dev.db", replace: true, "allow: { replace: false }"))
        #expect(try isAllowed("dev db", "/srv/try/x", replace: true, "allow: { scratch: /srv/try }"))
        #expect(try !isAllowed("dev db", "/srv/try2/x", "allow: { scratch: /srv/try }"))
    }

    @Test func theOriginalNameIsThatOfTheHostsOwnFile() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        func refusal(_ kind: DatabaseKind, _ target: String?, _ allow: String = "") throws -> BackupError.Code? {
            var order = RestoreOrder(
                backup: UUID(), database: try DatabaseName("shop"), kind: kind, sources: [], fingerprint: nil,
                target: target, replace: true, skipChecksum: false, withGlobals: false, requestedAt: host.world.now())
            order.manner = RestoreManner(intoOriginalName: true)
            do {
                try Self.make(host, allow).requireRestorable(order)
                return nil
            } catch let error as BackupError {
                return error.code
            }
        }
        #expect(try refusal(.postgres, nil) == nil)
        #expect(try refusal(.postgres, nil, "allow: { restoreTo: [shop_production] }") == nil)
        #expect(try refusal(.postgres, nil, "allow: { restoreTo: [beside, shop] }") == .forbidden)
        #expect(try refusal(.postgres, nil, "allow: { replace: false }") == .forbidden)
        #expect(try refusal(.postgres, "payroll") == .usage)
        #expect(try refusal(.sqlite, nil) == .usage)
    }

    /// Files of somebody else do not take the place of those that something here runs.
    @Test func aStrangersFilesReplaceNothing() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        func isAllowed(_ origin: RestoreOrigin, replace: Bool, _ allow: String = "") throws -> Bool {
            let order = RestoreOrder(
                backup: UUID(), database: try DatabaseName("dev db"), kind: .sqlite, sources: [], fingerprint: nil,
                target: host.database.path, replace: replace, skipChecksum: false, withGlobals: false,
                requestedAt: host.world.now())
            return (try? Self.make(host, allow).requireOwn(order, origin)) != nil
        }
        #expect(try isAllowed(.own, replace: true))
        #expect(try isAllowed(.foreign, replace: false))
        #expect(try !isAllowed(.foreign, replace: true))
        #expect(try isAllowed(.foreign, replace: true, "allow: { trustOrigin: true }"))
        #expect(try isAllowed(.foreign, replace: true, "allow: { scratch: \(host.folder.path) }"))
    }

    @Test func nothingIsReadThatIsNoObjectOfABackup() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let limits = try Self.make(host)
        let object = Manifest.Object(
            role: .dump, name: "x", format: .sqlite, codec: .none, plainBytes: 1, plainSha256: "", storedBytes: 1,
            storedSha256: "")
        func isReadable(_ key: String) -> Bool {
            (try? limits.requireReadable(.init(object: object, directory: .init(path: nil), key: key))) != nil
        }
        #expect(isReadable("db-01/database-backups/x_db_daily_20260115_020000.db"))
        #expect(!isReadable("agent-key.pem"))
        #expect(!isReadable("x/../agent-key.pem"))
        #expect(!isReadable("spool/a/b"))
        try limits.meet([Self.s3("https://minio:9000")])
        #expect(throws: BackupError.self) {
            try limits.requireReadable(.init(object: object, url: "http://169.254.169.254/latest/meta-data", ca: nil))
        }
    }
}
