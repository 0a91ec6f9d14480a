import Catalog
package import Domain
import Foundation
import Logging
package import Wire

extension Coordinator {
    /// An agent's heartbeat. Answers at once when there is a plan or a command for it; else holds the request until
    /// there is, until its time is over, or until the task is cancelled or the coordinator ends.
    package func checkIn(
        _ request: CheckInRequest, from agent: AgentIdentity
    ) async throws(BackupError) -> CheckInResponse {
        try Self.check(request.version)
        let standing = try await hear(request, from: agent)
        guard let process = request.process else { return try await converse(request, standing, agent) }
        var isAnswered = false
        defer { fences.change(agent.id) { $0.end(process.instance, answered: isAnswered, uptime: world.uptime()) } }
        guard standing != .barred else { throw BackupError(.forbidden, Self.barredWords(agent)) }
        var response = try await converse(request, standing, agent)
        // A client that went away meanwhile gets nothing, and does not come again.
        guard !Task.isCancelled else { throw BackupError(.cancelled, "the agent went away") }
        let nonce = world.uuid()
        response.nonce = nonce
        fences.change(agent.id) { $0.issue(nonce, to: process.instance) }
        isAnswered = true
        return response
    }

    private func converse(
        _ request: CheckInRequest, _ standing: Fence.Standing, _ agent: AgentIdentity
    ) async throws(BackupError) -> CheckInResponse {
        let now = world.now()
        guard standing == .current || standing == .waiting else {
            return heldAnswer(at: now, pause: standing == .held ? 10 : 1)
        }
        if presence.note(request, from: agent.id, at: now) { try await welcomeBack(agent, at: now) }
        guard standing == .current else { return heldAnswer(at: now, pause: 1) }
        try await take(request, from: agent, at: now)
        if let mark = request.mark { try await compare(mark: mark, from: agent) }
        let waiter = world.uuid()
        let news = presence.startWaiting(agent.id, waiter)
        defer { presence.stopWaiting(agent.id, waiter) }
        let first = try await answer(to: request, agent: agent)
        let seconds = min(max(request.waitSeconds, 0), world.pollSeconds)
        guard !first.hasNews, seconds > 0, await Self.wait(for: news, seconds: seconds) else { return first }
        // Meanwhile another process may have spoken, and what goes down now would go to the wrong one.
        if let process = request.process {
            let uptime = world.uptime()
            let word = fences.change(agent.id) { $0.word(of: process.instance, uptime) }
            guard word == .current else { return heldAnswer(at: now, pause: 1) }
        }
        return try await answer(to: request, agent: agent)
    }

    /// What an older catalog had decided to delete, or to overwrite, is not done by a catalog that lacks what came after.
    private static func commands(for agent: UUID, _ view: CatalogView, at now: Date) throws -> [CommandRecord] {
        let waiting = try view.waitingCommands(for: agent, at: now)
        guard let gap = try CatalogGap.read(view) else { return waiting }
        return waiting.filter { record in
            record.command.delete == nil && (record.command.restore == nil || record.createdAt >= gap.since)
        }
    }

    /// Nothing goes down to a process whose word does not count now; it is soon to say again that it is there.
    private func heldAnswer(at now: Date, pause: Int) -> CheckInResponse {
        CheckInResponse(
            serverTime: now, waitSeconds: 0, pauseSeconds: pause, plan: nil, commands: [], wantsDatabases: false)
    }

    /// What came up with the heartbeat and must outlive the process.
    private func take(_ request: CheckInRequest, from agent: AgentIdentity, at now: Date) async throws(BackupError) {
        if let answers = request.answers, !answers.isEmpty { questions.take(answers, from: agent.id) }
        if let facts = request.databases {
            guard facts.count <= AgentCaps.databases else { throw BackupError(.usage, AgentCaps.tooMany(facts)) }
            let limits = request.limits?.bounded
            // Read within the transaction: a configuration that is applied meanwhile comes wholly before or after it.
            let changed = try await catalog.write { [self] update in
                try update.setFacts(facts, of: agent.id, atMost: AgentCaps.databaseRows, at: now)
                try update.setLimits(limits, of: agent.id)
                return try Self.replan(update, fleet, agents: [agent.id], at: now)
            }
            presence.wake(changed)
        }
        let received = request.receivedCommands
        if !received.isEmpty {
            try await catalog.write { try $0.markReceived(received, by: agent.id, at: now) }
        }
        let running = request.running
        if !running.isEmpty { try await revive(running, of: agent, at: now) }
    }

    /// A run that was held to be silent is heard of again.
    private func revive(
        _ running: [RunProgress], of agent: AgentIdentity, at now: Date
    ) async throws(BackupError) {
        let silent = try await catalog.read { view in
            try running.compactMap { progress -> RunRecord? in
                guard let run = try view.run(progress.run), run.state == .unknown,
                    try view.databaseRecord(run.database)?.agent == agent.id
                else { return nil }
                return run
            }
        }
        guard !silent.isEmpty else { return }
        try await catalog.write { update in
            for run in silent {
                guard var current = try update.run(run.id),
                    let next = RunMachine.next(from: current.stage, on: .heard)
                else { continue }
                current.state = next.state
                current.heardAt = now
                try update.save(current, at: now)
            }
        }
    }

    private func welcomeBack(_ agent: AgentIdentity, at now: Date) async throws(BackupError) {
        try await catalog.write { try $0.recover(IncidentKey.offline(agent.id), at: now) }
        bells.ring(.alerts)
        presence.setOnline(agent.id)
        logger.info("agent is back", metadata: ["agent": "\(agent.name)"])
    }

    private func answer(to request: CheckInRequest, agent: AgentIdentity) async throws(BackupError) -> CheckInResponse {
        let now = world.now()
        struct News: Sendable {
            var revision: Int
            var plan: Plan?
            var commands: [CommandRecord]
            var hasFacts: Bool
            var mark: CatalogMark
        }
        let known = request.planRevision
        var news = try await catalog.read { view -> News in
            guard let record = try view.agent(agent.id) else {
                throw BackupError(.forbidden, "the agent \(agent.name) is not enrolled")
            }
            guard record.revokedAt == nil else {
                throw BackupError(.forbidden, "the agent \(agent.name) was revoked")
            }
            // It was held open meanwhile.
            guard record.keyFingerprint == agent.key else {
                throw BackupError(.forbidden, "another host took the place of \(agent.name)")
            }
            // A plan that was made without knowing the host, or the fleet, would end what it does by the one that it has.
            let isBlind = try record.factsAt == nil || (CatalogGap.read(view) != nil && view.appliedFleet() == nil)
            return News(
                revision: isBlind && known > 0 ? known : record.planRevision,
                plan: record.planRevision == known || (isBlind && known > 0) ? nil : try view.plan(of: agent.id),
                commands: try Self.commands(for: agent.id, view, at: now), hasFacts: record.factsAt != nil,
                mark: try CatalogMark.read(view))
        }
        if news.revision < known {
            news.plan = try await catalog.write { update in
                try Self.outrun(known, agent: agent.id, update)
                return try update.plan(of: agent.id)
            }
        }
        let commands = try await deliver(news.commands.filter { !$0.isLateRestore(at: now) }, at: now)
        var response = CheckInResponse(
            serverTime: now, waitSeconds: world.pollSeconds, pauseSeconds: world.pauseSeconds, plan: news.plan,
            commands: commands, wantsDatabases: !news.hasFacts)
        response.mark = news.mark.text(markKey)
        if request.version.rawValue >= 2 {
            let questions = questions.questions(for: agent.id)
            response.questions = questions.isEmpty ? nil : questions
        }
        return response
    }

    /// Whether there was news before the time was over.
    private static func wait(for news: AsyncStream<Void>, seconds: Int) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in news { return true }
                return false
            }
            group.addTask {
                // Cancelled by the news, or with the request: either way the wait is over.
                try? await Task.sleep(for: .seconds(seconds))
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }
}

extension CheckInResponse {
    fileprivate var hasNews: Bool { plan != nil || !commands.isEmpty || wantsDatabases || questions != nil }
}

extension AgentCaps {
    static func tooMany(_ facts: [DatabaseFacts]) -> String {
        "this host declares \(facts.count) databases, and at most \(databases) are taken of one: its list is not taken; "
            + "declare fewer in agent.yaml"
    }
}

extension HostLimits {
    /// As much of it as is kept.
    fileprivate var bounded: Self {
        HostLimits(
            directories: directories.prefix(100).map { String($0.prefix(4096)) },
            stores: stores?.prefix(100).map { String($0.prefix(300)) }, replace: replace)
    }
}
