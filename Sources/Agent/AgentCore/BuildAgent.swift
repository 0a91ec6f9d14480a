import Daemon
package import Domain
import Engines
import Foundation
package import Logging
package import ServiceLifecycle
import Threads

/// Builds the agent that `holdfast-agent run` runs; tests build the same one.
///
/// What others need stands first: services stop in reverse order, so reports can still be delivered while runs end.
package func buildAgent(
    paths: AgentPaths, configuration: LiveConfiguration, world: AgentWorld, logger: Logger
) throws(BackupError) -> [any Service] {
    let identity = try AgentIdentity.load(paths)
    try PrivateDirectory.ensure(paths.scratch.path)
    try PrivateDirectory.ensure(paths.uploads.path)
    SpoolFolder.removeLeftovers(in: paths.scratch)
    for folder in [paths.data, paths.spool, paths.runs, paths.commands, paths.requests, paths.restores] {
        // The lock keeps other agents away; an operator's command may be writing.
        AtomicFile.sweep(folder.path, olderThan: world.now() - 3600)
    }
    let voice = AgentVoice(paths: paths, world: world, configuration: configuration)
    let link = CoordinatorLink(paths: paths, identity: identity, world: world)
    let spool = try Spool(folder: paths.spool, newID: world.newID)
    let journal = try RunJournal(folder: paths.runs)
    let board = RunBoard(journal: journal)
    let plans = PlanStore(file: paths.plan)
    let engines = EngineCatalog(configuration, paths: paths)
    let limits = try HostGuard(paths: paths, configuration: configuration) { words in
        logger.warning("refused what the coordinator asked", metadata: ["reason": "\(words)"])
    }
    do { try limits.remember() } catch {
        // The backups go on (P3); the next start takes in what the plan then says.
        logger.warning("what plans may name could not be noted", metadata: ["error": "\(error)"])
    }
    let destinations = DestinationOpener(paths: paths, world: world, limits: limits)
    let facts = FactsBoard()
    let desk = try CommandDesk(folder: paths.commands, world: world, spool: spool, journal: journal)
    var runs = RunService(
        world: world, configuration: configuration, agent: identity, engines: engines, destinations: destinations,
        board: board, journal: journal, spool: spool, plans: plans, logger: logger)
    runs.backedUp = { await facts.backedUp($0) }
    let remains = RemainsBoard()
    return [
        ReportService(world: world, link: link, spool: spool, voice: voice, logger: logger),
        CheckInService(
            world: world, link: link, plans: plans, board: board, facts: facts, spool: spool, commands: desk,
            voice: voice, witness: CopyWitness(destinations: destinations, agent: identity, stop: StopSignal()),
            limits: limits, remains: remains, logger: logger),
        FactsService(configuration: configuration, engines: engines, board: facts, logger: logger),
        runs,
        RemainsService(paths: paths, configuration: configuration, world: world, board: remains, logger: logger),
        RequestService(runs: runs, folder: try RequestFolder(paths), logger: logger),
        CommandService(
            world: world, desk: desk, agent: identity, board: board, engines: engines, destinations: destinations,
            link: link, voice: voice, configuration: configuration, remains: remains, logger: logger),
        SchedulerService(
            world: world, plans: plans, board: board, spool: spool, agent: identity,
            ledger: DurableFile(url: paths.scheduleLedger), logger: logger),
    ]
}
