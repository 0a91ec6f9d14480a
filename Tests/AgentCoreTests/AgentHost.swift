import Domain
import Foundation
import Logging
import TestSupport
import Wire

@testable import AgentCore

/// One host with a SQLite database of 1,000 rows, and an agent's parts without a coordinator.
struct AgentHost {
    let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-host-\(UUID().uuidString.prefix(8))")
    let world = AgentWorld(
        now: { Date(timeIntervalSince1970: 1_768_442_410) }, newID: { UUID() },
        environment: [
            "AWS_ACCESS_KEY_ID": "ID", "AWS_SECRET_ACCESS_KEY": "SECRET", "AWS_EC2_METADATA_DISABLED": "true",
        ], hostName: "host-1", bootID: "boot", chance: { 0 })
    let spool: Spool
    /// Where backups may go; nil for anywhere in ``folder``.
    var allowed: [String]?

    init() async throws {
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        spool = try Spool(folder: AgentPaths(data: folder.appending(path: "data")).spool, newID: { UUID() })
        let sql = """
            CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
            INSERT INTO t SELECT hex(randomblob(100)) FROM n;
            """
        let made = try await ProgramOutput.of("sqlite3", [database.path, sql])
        guard made.status == 0 else { throw ServerFailure("sqlite3: \(made.error)") }
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    var paths: AgentPaths { AgentPaths(data: folder.appending(path: "data")) }
    var database: URL { folder.appending(path: "dev.db") }
    var local: Destination { Destination(name: "local", directory: .init(path: nil)) }

    func job(destinations: [Destination]? = nil) throws -> RunJob {
        let destinations = destinations ?? [local]
        let entry = Plan.Entry(
            database: try DatabaseName("dev db"), kind: .sqlite, policy: "p", timeZone: "UTC",
            tiers: [.init(tier: .daily, schedule: "0 2 * * *")], destinations: destinations.map(\.name),
            compression: .gzip)
        let run = try UUID(uuidString: "6B29FC40-CA47-1067-B31D-00DD010662DA").unwrapped()
        return RunJob(
            run: run, command: nil, entry: entry, destinations: destinations, tiers: [.daily],
            nominalAt: Date(timeIntervalSince1970: 1_768_442_400))
    }

    /// Carries out these runs (and what an earlier agent left) until that many reports lie in the spool; with `stops` the agent is
    /// then asked to end, as by SIGTERM, whatever it is at.
    func perform(_ jobs: [RunJob], awaiting count: Int = 2, retryDelay: Int = 0, stops: Bool = false) async throws {
        var agent = AgentConfiguration(
            databases: [.init(name: try DatabaseName("dev db"), labels: [:], source: .sqlite(path: database.path))],
            attempts: 2, retryDelaySeconds: retryDelay)
        (agent.allow.directories, agent.allow.endpoints) = (allowed ?? [AllowSetting.data, folder.path], .any)
        let configuration = LiveConfiguration(agent)
        let journal = try RunJournal(folder: paths.runs)
        let board = RunBoard(journal: journal)
        let service = RunService(
            world: world, configuration: configuration,
            agent: AgentIdentity(id: UUID(), name: "host-1", coordinatorURL: "https://localhost", caSha256: ""),
            engines: EngineCatalog(configuration, paths: paths),
            destinations: DestinationOpener(
                paths: paths, world: world, limits: try HostGuard(paths: paths, configuration: configuration)),
            board: board, journal: journal, spool: spool,
            plans: PlanStore(file: paths.plan),
            logger: Logger(label: "test"))
        await board.mayRecover()
        for job in jobs { _ = try await board.submit(job) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try await eventually("\(count) reports") {
                let isIdle = await board.progress.isEmpty
                return await spool.depth >= count && (isIdle || stops) ? true : nil
            }
            if stops {
                await board.stopAll()
                try await eventually("nothing is at work") { await board.progress.isEmpty ? true : nil }
            }
            group.cancelAll()
        }
    }

    var reports: [RunReport] {
        get async { await spool.oldest(count: 100, bytes: 1 << 24).compactMap(\.item.run) }
    }
}

extension Optional {
    func unwrapped() throws -> Wrapped {
        guard let self else { throw ServerFailure("there is no value") }
        return self
    }
}

extension AgentHost {
    /// As this host opens them.
    func destinations() throws -> DestinationOpener {
        var configuration = AgentConfiguration(databases: [])
        (configuration.allow.directories, configuration.allow.endpoints) = (
            allowed ?? [AllowSetting.data, folder.path], .any
        )
        return DestinationOpener(
            paths: paths, world: world,
            limits: try HostGuard(paths: paths, configuration: LiveConfiguration(configuration)))
    }
}
