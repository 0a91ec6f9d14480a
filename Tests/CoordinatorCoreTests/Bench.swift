import Archive
import Domain
import Foundation
import Logging
import Sealing
import Storage
import Synchronization
import Wire

@testable import CoordinatorCore

/// A clock that stands still until it is moved.
final class FakeClock: Sendable {
    private let time: Mutex<Date>
    private let passed = Mutex<TimeInterval>(0)

    init(_ start: String) { time = Mutex(Timestamp.date(start) ?? .distantPast) }

    var now: Date { time.withLock { $0 } }

    /// What really passed, whatever the clock was set to.
    var uptime: Duration { .seconds(passed.withLock { $0 }) }

    func advance(_ seconds: TimeInterval) {
        time.withLock { $0 += seconds }
        passed.withLock { $0 += seconds }
    }

    func set(_ text: String) { time.withLock { $0 = Timestamp.date(text) ?? $0 } }
}

/// A coordinator on a catalog of its own, and one agent's side of the talk with it.
final class Bench: Sendable {
    let folder: URL
    let clock: FakeClock
    let coordinator: Coordinator
    let admin: OperatorIdentity
    let adminToken: String
    /// What lies in the directories of all hosts, by folder and name, with its size.
    let disks: Disks

    init(
        environment: [String: String] = [:], at start: String = "2026-03-01T00:00:00Z",
        _ change: (inout CoordinatorWorld) -> Void = { _ in }
    ) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-\(UUID().uuidString)")
        let clock = FakeClock(start)
        self.clock = clock
        let paths = CoordinatorPaths(dataDirectory: folder)
        adminToken = try Coordinator.initialise(paths: paths, hostnames: ["coordinator.test"], now: clock.now)
            .adminToken
        let disks = Disks()
        self.disks = disks
        var world = CoordinatorWorld(now: { clock.now }, uuid: { UUID() }, environment: environment)
        world.uptime = { clock.uptime }
        world.askAgent = { agent, question in disks.answer(question, of: agent) }
        world.openS3 = { (_) throws(BackupError) in throw BackupError(.bug, "this test has no S3") }
        world.probeStore = { (_, _) throws(BackupError) in throw BackupError(.bug, "this test has no S3") }
        world.post = { (_) throws(BackupError) in throw BackupError(.bug, "this test has no Slack") }
        world.sendMail = { (_) throws(BackupError) in throw BackupError(.bug, "this test has no mail") }
        change(&world)
        coordinator = try await Coordinator.open(paths: paths, world: world, logger: Self.quiet)
        admin = try await coordinator.authenticateOperator(token: adminToken)
    }

    static var quiet: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }

    deinit {
        // The folder is scratch; what cannot be removed is left to the system.
        try? coordinator.close()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Joins as a new host.
    func enrol(_ name: String, labels: [String: String] = [:]) async throws -> TestAgent {
        let created = try await coordinator.createToken(
            TokenRequest(expiresInSeconds: 3600, uses: 1, labels: labels), by: admin)
        let join = try JoinString(created.join)
        let (id, key) = (UUID(), try PrivateKey())
        let csr = try CertificateSigningRequest(key: key).pem()
        let answer = try await coordinator.enrol(
            EnrolmentRequest(
                tokenId: join.tokenId, tokenSecret: join.secret, agentId: id, name: name, csr: csr, holdfast: "0.1.0"),
            remote: "127.0.0.1")
        return TestAgent(
            identity: AgentIdentity(
                id: answer.agentId, name: answer.name,
                key: try Certificate(pem: answer.certificate).keyFingerprint), key: key,
            certificate: try Certificate(pem: answer.certificate),
            bench: self)
    }
}

/// The directories of all hosts, as far as reports speak of them: what an agent would see there.
final class Disks: Sendable {
    private let files = Mutex<[String: [String: Int64]]>([:])
    private let away = Mutex<Set<UUID>>([])

    func put(_ name: String, _ bytes: Int64, in folder: String) {
        files.withLock { $0[folder, default: [:]][name] = bytes }
    }

    func remove(_ name: String, from folder: String) { files.withLock { $0[folder]?[name] = nil } }

    func remove(where isGone: (String) -> Bool) {
        files.withLock { files in
            for folder in files.keys { files[folder] = files[folder]?.filter { !isGone($0.key) } }
        }
    }

    /// The agent does not answer.
    func silence(_ agent: UUID) { away.withLock { _ = $0.insert(agent) } }

    func speak(_ agent: UUID) { away.withLock { _ = $0.remove(agent) } }

    func answer(_ question: CopyQuestion, of agent: UUID) -> CopyAnswer? {
        guard !away.withLock({ $0.contains(agent) }) else { return nil }
        let found = files.withLock { $0[question.folder] ?? [:] }
        let names = question.names ?? found.keys.sorted()
        return CopyAnswer(
            question: question.id,
            files: names.compactMap { name in found[name].map { .init(name: name, bytes: $0) } }, goesOn: false,
            failure: nil)
    }
}

/// One agent's side.
struct TestAgent {
    let identity: AgentIdentity
    let key: PrivateKey
    let certificate: Certificate
    unowned let bench: Bench

    func checkIn(
        databases: [DatabaseFacts]? = nil, revision: Int = 0, running: [RunProgress] = [], received: [UUID] = [],
        wait: Int = 0, process: AgentProcess? = nil
    ) async throws -> CheckInResponse {
        var request = CheckInRequest(
            holdfast: "0.1.0", bootId: "boot", clock: bench.clock.now, planRevision: revision, running: running,
            spoolDepth: 0, databases: databases, receivedCommands: received, commands: [], waitSeconds: wait)
        request.process = process
        return try await bench.coordinator.checkIn(request, from: identity)
    }

    /// What it says at a time that its own clock shows.
    func request(clock: Date) -> CheckInRequest {
        CheckInRequest(
            holdfast: "0.1.0", bootId: "boot", clock: clock, planRevision: 1, running: [], spoolDepth: 0,
            databases: nil,
            receivedCommands: [], commands: [], waitSeconds: 0)
    }

    @discardableResult
    func send(
        _ reports: [RunReport] = [], results: [CommandResult] = [], instance: UUID? = nil
    ) async throws -> ReportReceipt {
        let items =
            reports.map { ReportBatch.Item(id: UUID(), run: $0) }
            + results.map { ReportBatch.Item(id: UUID(), command: $0) }
        return try await bench.coordinator.record(ReportBatch(items: items, instance: instance), from: identity)
    }

    func facts(
        _ name: String, kind: DatabaseKind = .postgres, labels: [String: String] = [:]
    ) throws -> DatabaseFacts {
        DatabaseFacts(
            name: try DatabaseName(name), kind: kind, labels: labels, serverVersion: "15.8", tool: "pg_dump 15.8",
            sizeBytes: 1000, problem: nil)
    }

    /// A report about a run that stores one object and its manifest at each destination.
    func report(
        _ event: RunEvent, run: UUID, database: String, kind: DatabaseKind = .postgres, policy: String = "default",
        tiers: [Tier] = [.hourly], nominalAt: Date, attempt: Int = 1, sequence: Int = 1,
        destinations: [Destination] = [Destination(name: "local", directory: .init(path: nil))],
        failure: Failure? = nil, plain: [UInt8] = Array("dump".utf8), store: ((String, [UInt8]) throws -> Void)? = nil
    ) throws -> RunReport {
        var report = RunReport(
            run: run, attempt: attempt, sequence: sequence, database: try DatabaseName(database), kind: kind,
            policy: policy, tiers: tiers, nominalAt: nominalAt, at: bench.clock.now, event: event, failure: failure)
        guard event == .succeeded else { return report }
        let keys = BackupKeys(
            agentName: identity.name, database: report.database, kind: kind, tier: tiers.max() ?? .manual,
            nominalAt: nominalAt, token: attempt > 1 ? BackupKeys.token(UUID()) : nil)
        let format: ObjectFormat = kind == .postgres ? .plain : kind == .sqlite ? .sqlite : .tar
        let role: ObjectRole = kind == .application ? .archive : .dump
        let digest = hex(sha256(plain))
        let object = Manifest.Object(
            role: role, name: keys.objectName(role, format, .none), format: format, codec: .none,
            plainBytes: Int64(plain.count), plainSha256: digest, storedBytes: Int64(plain.count), storedSha256: digest)
        let manifest = Manifest(
            id: UUID(), run: run, attempt: attempt, agent: .init(id: identity.id, name: identity.name),
            database: .init(name: report.database, kind: kind, serverVersion: nil, sizeBytes: nil), policy: policy,
            tiers: tiers, nominalAt: nominalAt, startedAt: bench.clock.now, snapshotAt: bench.clock.now,
            finishedAt: bench.clock.now, tool: "pg_dump 15.8", objects: [object], fingerprint: nil, restore: [],
            holdfast: "0.1.0")
        let bytes = try manifest.encoded()
        report.manifest = manifest
        report.destinations = try destinations.map { destination in
            let folder = destination.keyPrefix + keys.folder
            if destination.directory != nil {
                bench.disks.put(object.name, object.storedBytes, in: folder)
                bench.disks.put(keys.manifestName, Int64(bytes.count), in: folder)
            }
            try store?(folder + object.name, plain)
            try store?(folder + keys.manifestName, bytes)
            return DestinationResult(
                destination: destination.name, isComplete: true, folder: folder,
                objects: [
                    .init(name: object.name, bytes: object.storedBytes, sha256: digest, etag: ""),
                    .init(
                        name: keys.manifestName, bytes: Int64(bytes.count), sha256: hex(sha256(bytes)), etag: ""),
                ], error: nil)
        }
        return report
    }
}
