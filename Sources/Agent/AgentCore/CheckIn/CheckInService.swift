import CoordinatorClient
import Domain
import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import Threads
import Wire

/// The long poll: heartbeat up, plan and commands down, again and again.
struct CheckInService: Service {
    let world: AgentWorld
    let link: CoordinatorLink
    let plans: PlanStore
    let board: RunBoard
    let facts: FactsBoard
    let spool: Spool
    let commands: CommandDesk
    let voice: AgentVoice
    let witness: CopyWitness
    let limits: HostGuard
    let remains: RemainsBoard
    let logger: Logger
    private let poll = PollInFlight()
    private static let mostQuestions = 16

    init(
        world: AgentWorld, link: CoordinatorLink, plans: PlanStore, board: RunBoard, facts: FactsBoard, spool: Spool,
        commands: CommandDesk, voice: AgentVoice, witness: CopyWitness, limits: HostGuard, remains: RemainsBoard,
        logger: Logger
    ) {
        self.voice = voice
        self.witness = witness
        (self.limits, self.remains) = (limits, remains)
        self.world = world
        self.link = link
        self.plans = plans
        self.board = board
        self.facts = facts
        self.spool = spool
        self.commands = commands
        self.logger = logger
    }

    func run() async throws {
        try await commands.recover()
        await board.mayRecover()
        try await untilShutdown {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // A run that begins or ends is told at once instead of at the end of a long poll.
                    for await _ in board.news { poll.interrupt() }
                }
                group.addTask {
                    for await _ in facts.changes { poll.interrupt() }
                }
                group.addTask { try await converse() }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private func converse() async throws {
        var backoff = Backoff()
        var wait = 0
        while !Task.isCancelled {
            do {
                let response = try await exchange(wait: wait)
                backoff.succeeded()
                wait = min(max(response.waitSeconds, 0), 60)
                if response.pauseSeconds > 0, voice.answers.isEmpty {
                    try await Task.sleep(for: .seconds(min(response.pauseSeconds, 600)))
                }
            } catch {
                if Task.isCancelled { return }
                if (error as? BackupError)?.code == .cancelled { continue }
                let pause = backoff.failed(error, chance: world.chance())
                let isRefused = (error as? BackupError)?.code == .forbidden
                logger.warning(
                    "\(isRefused ? "the check-in is refused" : "the coordinator is out of reach"); backups go on by the cached plan",
                    metadata: ["error": "\(error)", "again in": "\(Int(pause)) s"])
                try await Task.sleep(for: .seconds(pause))
            }
        }
    }

    private func exchange(wait: Int) async throws -> CheckInResponse {
        let news = await facts.news
        let received = await commands.toAcknowledge
        let running = await board.progress
        let working = await commands.progress
        let answers = voice.answers
        let isBusy = !running.isEmpty || !working.isEmpty || news != nil || !received.isEmpty || !answers.isEmpty
        var request = CheckInRequest(
            holdfast: Product.version, bootId: world.bootID, clock: world.now(),
            planRevision: await plans.current.revision, running: running, spoolDepth: await spool.depth,
            databases: news,
            receivedCommands: received, commands: working, waitSeconds: isBusy ? min(wait, 1) : wait)
        (request.process, request.echo, request.mark) = (voice.process, voice.echo, voice.mark)
        // Always with the databases, so that either is told again when both are asked for again.
        request.limits = news == nil ? nil : limits.limits
        request.answers = answers.isEmpty ? nil : answers
        request.remains = await remains.remains
        (request.putAside, request.trouble) = (await spool.putAsideCount, voice.trouble)
        if request.trouble == nil { request.trouble = await plans.trouble }
        let response = try await poll.perform { stop in
            try await link.current().checkIn(request, stop: stop)
        }
        voice.heard(response, sent: answers)
        if let news { await facts.wasTold(news) }
        if response.wantsDatabases { await facts.tellAgain() }
        await commands.acknowledged(received)
        if let plan = response.plan {
            try limits.meet(plan.destinations)
            try await plans.replace(plan)
            logger.info("a new plan", metadata: ["revision": "\(plan.revision)", "entries": "\(plan.entries.count)"])
        }
        for command in response.commands { try await commands.receive(command, clock: response.serverTime) }
        if let questions = response.questions?.prefix(Self.mostQuestions), !questions.isEmpty {
            let witness = witness
            voice.add(await onThread { questions.map { witness.answer($0) } })
        }
        return response
    }
}

/// The one poll that may hang at the coordinator, so that it can be cut short.
private final class PollInFlight: Sendable {
    private let stop = Mutex<StopSignal?>(nil)

    func perform<Value: Sendable>(_ work: (StopSignal) async throws -> Value) async throws -> Value {
        let signal = StopSignal()
        stop.withLock { $0 = signal }
        defer { stop.withLock { $0 = nil } }
        return try await work(signal)
    }

    func interrupt() { stop.withLock { $0?.stop() } }
}
