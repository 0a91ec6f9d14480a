import Catalog
import Daemon
package import Domain
import Foundation
package import Logging
import Sealing
import Synchronization

/// The central process without its HTTP: everything that agents and operators can ask of it.
///
/// Every method may be called from any task. Errors are `BackupError`; messages hold no secrets.
package final class Coordinator: Sendable {
    let paths: CoordinatorPaths
    let world: CoordinatorWorld
    let logger: Logger
    let catalog: CatalogDatabase
    let authority: CertificateAuthority
    /// The certificate that the API serves with, and the CA that agents and operators trust.
    package let serverIdentity: ServerIdentity
    let presence = Presence()
    let startedAt: Date
    /// Held until ``close()``, or the end of the process.
    private let lock: LockFile
    private let configuration: Mutex<FleetConfiguration>
    /// Rings when there may be a copy to confirm, a message to send, or a deletion to go on with.
    let bells = Bells()
    let questions = QuestionDesk()
    let clocks = ClockEvidence()
    let looked = LookedFolders()
    let fences = Fences()
    let reportAllowance = ReportAllowance()
    let unwritten = UnwrittenAlerts()
    let toldCauses = ToldCauses()
    /// What authenticates marks of the catalog, and opens its copies.
    let markKey: [UInt8]
    let catalogKey: CatalogKey
    let wantedCopies = WantedCopies()
    let strangers = Strangers()
    let rebuilding = RebuildDesk()
    /// Copies that the coordinator reads just now, by operation.
    let reading = Mutex<[UUID: ReadingTurn]>([:])
    /// Room on the disk for a start when there is none left.
    let reserve: DiskReserve
    private let isResumed = Mutex(false)

    private init(
        paths: CoordinatorPaths, world: CoordinatorWorld, logger: Logger, catalog: CatalogDatabase,
        authority: CertificateAuthority, serverIdentity: ServerIdentity, lock: LockFile, catalogKey: CatalogKey,
        configuration: FleetConfiguration, startedAt: Date
    ) throws(BackupError) {
        self.paths = paths
        self.world = world
        self.logger = logger
        self.catalog = catalog
        self.authority = authority
        self.serverIdentity = serverIdentity
        self.lock = lock
        self.configuration = Mutex(configuration)
        self.startedAt = startedAt
        self.catalogKey = catalogKey
        markKey = try CatalogMark.key(of: authority)
        reserve = DiskReserve(path: paths.reserve.path)
    }

    /// Opens the data directory that ``initialise(paths:hostnames:now:)`` made: takes its lock, checks the catalog and
    /// brings it up to date, and resolves every agent's plan anew. A disk that is full keeps it from none of it but the last, which
    /// then follows as soon as there is room: somebody has to tell of it.
    ///
    /// Throws `.busy` when another process has it, `.notFound` when it was never initialised, `.integrity` when the
    /// catalog is damaged, `.configuration` when a newer Holdfast wrote it or a `BACKUP_*` variable is wrong.
    package static func open(
        paths: CoordinatorPaths, world: CoordinatorWorld, logger: Logger
    ) async throws(BackupError) -> Coordinator {
        let now = world.now()
        guard FileManager.default.fileExists(atPath: paths.catalog.path) else {
            throw BackupError(
                .notFound,
                "\(paths.dataDirectory.path) holds no coordinator; make one with `holdfast init --data-dir`")
        }
        try PrivateDirectory.ensure(paths.dataDirectory.path)
        let lock = try LockFile(path: paths.lock.path, program: "holdfast serve", now: now)
        DiskReserve(path: paths.reserve.path).giveUpIfShort()
        // What a killed writer left; an operator's command may be writing.
        AtomicFile.sweep(paths.dataDirectory.path, olderThan: now - 3600)
        let catalog = try CatalogDatabase(path: paths.catalog.path)
        let authority = try CoordinatorFiles.authority(paths)
        let names = try await catalog.read { try $0.setting(SettingName.hostnames) } ?? "localhost"
        let identity = try CoordinatorFiles.serverIdentity(
            paths, authority, hostnames: names.split(separator: ",").map(String.init), now: now)
        let applied = try await catalog.read { try $0.appliedFleet() }
        let configuration =
            if let applied {
                try FleetConfiguration(yaml: applied.yaml, file: applied.fileName)
            } else {
                try DefaultFleet.configuration(world.environment)
            }
        _ = try DefaultFleet.autoCleanup(world.environment)
        let isNew = !FileManager.default.fileExists(atPath: paths.catalogKey.path)
        let catalogKey = try CatalogKey.ensure(paths.catalogKey)
        if isNew {
            logger.notice(
                "made the key that opens the copies of the catalog: keep a copy of this file where the coordinator's host is not",
                metadata: ["file": "\(paths.catalogKey.path)"])
        }
        if applied == nil {
            for remark in DefaultFleet.remarks(world.environment) { logger.notice("\(remark)") }
        }
        let coordinator = try Coordinator(
            paths: paths, world: world, logger: logger, catalog: catalog, authority: authority,
            serverIdentity: identity, lock: lock, catalogKey: catalogKey,
            configuration: configuration, startedAt: now)
        do throws(BackupError) {
            try await coordinator.resume()
        } catch  where error.code == .unreachable {
            logger.critical("going on without writing the catalog", metadata: ["error": "\(error)"])
        }
        return coordinator
    }

    /// What is configured now.
    var fleet: FleetConfiguration { configuration.withLock { $0 } }

    func setFleet(_ fleet: FleetConfiguration) { configuration.withLock { $0 = fleet } }

    /// Gives the catalog and the data directory back. For tests and orderly ends; a killed process gives them back too.
    package func close() throws(BackupError) {
        presence.close()
        try catalog.close()
        lock.release()
    }

    /// What a start has to write, once. Does nothing when that is done.
    func resume() async throws(BackupError) {
        guard !isResumed.withLock({ $0 }) else { return }
        let (now, fleet) = (world.now(), fleet)
        let offline = try await catalog.read { try $0.openIncidentKeys(kind: IncidentKind.offline) }
        presence.setOffline(Set(offline.compactMap { IncidentKey.agent(ofOffline: $0) }))
        try await catalog.write { update in
            for destination in fleet.destinations { try update.addPlace(destination, at: now) }
            try Self.replan(update, fleet, agents: nil, at: now)
            try HighWater.note(now, in: update)
        }
        isResumed.withLock { $0 = true }
    }
}

/// Names of rows in the catalog's settings.
enum SettingName {
    static let hostnames = "hostnames"
    /// How far the catalog has come, as ``CatalogMark`` counts.
    static let epoch = "catalog-epoch"
    static let head = "catalog-head"
    /// Why the catalog lacks what was acknowledged; not set while it lacks nothing.
    static let behind = "catalog-behind"
    /// When it was last copied, to each place.
    static let copies = "catalog-copies"
    /// Only in copies of the catalog: the certificate authority.
    static let copiedCertificate = "copy-ca-certificate"
    static let copiedKey = "copy-ca-key"
    /// What was told of the notes of a database's backups.
    static func notes(_ database: Int64) -> String { "notes:\(database)" }
    static let highWater = "clock-high-water"
    static let clockJump = "clock-jump-since"
    /// When automatic cleanup last ran; not set while it is off, or has yet to be announced.
    static let lastCleanup = "last-cleanup"
    static let cleanupAnnounced = "cleanup-announced"
    static let readBudget = "read-budget"
    static let cleanupWaiting = "cleanup-waiting"
    /// What was found of the store of a destination.
    static func probe(_ destination: String) -> String { "probe:\(destination)" }
    /// How often this operation was begun without coming to an end.
    static func begun(_ operation: UUID) -> String { "begun:\(operation.uuidString.lowercased())" }
}
