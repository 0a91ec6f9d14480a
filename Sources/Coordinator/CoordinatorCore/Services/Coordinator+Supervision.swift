import Catalog
import Domain
import Foundation
import Wire

// What the coordinator concludes from silence (P4, P8).
extension Coordinator {
    /// One round: runs and commands that went silent, agents that are offline, backups that did not come. What fails of it keeps
    /// none of the rest from being done: on a full disk what is concluded is still told.
    func supervise() async throws(BackupError) {
        let age = world.now().timeIntervalSince(startedAt)
        var failure: BackupError?
        func attempt(_ step: () async throws(BackupError) -> Void) async {
            do throws(BackupError) { try await step() } catch { failure = failure ?? error }
        }
        await attempt(resume)
        await attempt(expireCommands)
        await attempt(expireSilentOperations)
        await attempt(superviseRuns)
        // Before that nobody has had the time to check in, or to deliver.
        if age >= OfflineRule.startGrace { await attempt(superviseAgents) }
        await attempt(superviseVanished)
        await attempt(superviseTroubles)
        if age >= OverdueRule.startGrace {
            await attempt(superviseDatabases)
            await attempt(resolveOutgrown)
        }
        await attempt { () async throws(BackupError) in try await noteTime(age) }
        bells.ring(.alerts)
        if catalog.health.troubles.isEmpty { reserve.keep() }
        if let failure { throw failure }
    }

    private func noteTime(_ age: TimeInterval) async throws(BackupError) {
        let (now, channels) = (world.now(), fleet.alerts.channels)
        clocks.watch(now: now, uptime: world.uptime())
        let isContradicted = clockContradiction() != nil
        try await catalog.write { update in
            if !isContradicted { try HighWater.note(now, in: update) }
            // A channel that was configured after the failure still tells of it, but not of what just a look at the fleet
            // would end.
            if age >= OfflineRule.startGrace { try update.tellOpenIncidents(to: channels, at: now) }
        }
    }

    /// Writes who was seen when.
    func saveSightings() async throws(BackupError) {
        let unsaved = presence.takeUnsaved()
        guard !unsaved.isEmpty else { return }
        do throws(BackupError) {
            try await catalog.write { try $0.record(unsaved) }
        } catch {
            presence.putBack(unsaved)
            throw error
        }
    }

    private func superviseRuns() async throws(BackupError) {
        let (now, startedAt) = (world.now(), startedAt)
        let live = presence.running()
        let sightings = presence.sightings()
        let open = try await catalog.read { view in
            try view.openRuns().compactMap { run in try view.databaseRecord(run.database).map { (run, $0.agent) } }
        }
        let silent = open.compactMap { run, agent -> (UUID, RunMachine.Input)? in
            let isLive = live[agent]?.contains { $0.run == run.id } ?? false
            let heard = max(run.heardAt, startedAt, isLive ? sightings[agent]?.at ?? .distantPast : .distantPast)
            let silence = now.timeIntervalSince(heard)
            if silence > SilenceRule.lost { return (run.id, .abandoned) }
            // What nobody has begun yet is not silent: its command has a time of its own to run out.
            return silence > SilenceRule.unknown && run.attempt > 0 ? (run.id, .silent) : nil
        }
        guard !silent.isEmpty else { return }
        try await catalog.write { update in
            for (id, input) in silent {
                guard var run = try update.run(id), let next = RunMachine.next(from: run.stage, on: input) else {
                    continue
                }
                run.state = next.state
                if next.state == .lost {
                    (run.finishedAt, run.reason) = (now, "nothing was heard of it for 6 hours")
                }
                try update.save(run, at: now)
            }
        }
    }

    private func superviseAgents() async throws(BackupError) {
        let (now, lens, channels) = (world.now(), agentLens(), fleet.alerts.channels)
        let (silent, known) = try await catalog.read { view in
            (
                try view.agents().filter { lens.state($0) == .offline },
                try view.openIncidentKeys(kind: IncidentKind.offline)
            )
        }
        presence.setOffline(Set(silent.map(\.id)))
        let fresh = silent.filter { !known.contains(IncidentKey.offline($0.id)) }
        let back = known.subtracting(silent.map { IncidentKey.offline($0.id) })
        guard !fresh.isEmpty || !back.isEmpty else { return }
        try await catalog.write { update in
            for agent in fresh {
                let seen = lens.sightings[agent.id]?.at ?? agent.lastSeenAt
                try update.open(.offline(agent, lastSeenAt: seen), channels: channels, at: now)
            }
            for key in back { try update.recover(key, at: now) }
        }
    }

    private func superviseDatabases() async throws(BackupError) {
        let (now, channels) = (world.now(), fleet.alerts.channels)
        let (judge, lens) = (judge(at: now), agentLens())
        let (findings, known) = try await catalog.read { view in
            var judge = try judge(view)
            let offline = Dictionary(
                uniqueKeysWithValues: try view.agents().filter { lens.state($0) == .offline }.map {
                    ($0.id, OfflineWords.of(lastSeenAt: lens.sightings[$0.id]?.at ?? $0.lastSeenAt))
                })
            let findings = try view.databases(withRevoked: false).compactMap { record in
                try OverdueFinding(record, judge.judge(record), offline: offline[record.agent]) {
                    try view.openIncidentKey(beginning: IncidentKey.overdue(record)).flatMap(view.openIncident(key:))
                }
            }
            return (findings, try view.openIncidentKeys(kind: IncidentKind.overdue))
        }
        let over = known.subtracting(findings.compactMap(\.told))
        let changed = findings.filter(\.isNews)
        guard !over.isEmpty || !changed.isEmpty else { return }
        try await catalog.write { update in
            for finding in changed {
                switch (finding.told, finding.isMore) {
                case (let told?, false): try update.reword(key: told, as: finding.condition)
                case (let told, _):
                    if let told { try update.resolve(key: told, at: now) }
                    try update.open(finding.condition, channels: channels, at: now)
                }
            }
            for key in over { try update.recover(key, at: now) }
        }
    }

    /// Ends what agents took and then fell silent about, and what somebody waits for that a silent agent never took: as soon as it
    /// is known that the host is offline. A result that comes late still counts.
    private func expireSilentOperations() async throws(BackupError) {
        let (now, startedAt) = (world.now(), startedAt)
        let sightings = presence.sightings()
        let isListening = now.timeIntervalSince(startedAt) > OfflineRule.startGrace
        let silent = try await catalog.read { view in
            try view.openOperationCommands().filter { record in
                // Nobody waits for a deletion: it may be taken whenever its agent is back.
                guard try record.receivedAt != nil || record.operation.flatMap(view.operation)?.kind != .delete else {
                    return false
                }
                if record.isLateRestore(at: now) { return true }
                let seen = try sightings[record.agent]?.at ?? view.agent(record.agent)?.lastSeenAt ?? .distantPast
                // One that was made after the last sighting has its own time to be taken.
                return isListening && now.timeIntervalSince(max(seen, record.createdAt)) > OfflineRule.silence
            }
        }
        guard !silent.isEmpty else { return }
        try await catalog.write { update in
            for record in silent {
                // It may have gone down, or been taken, since it was read.
                guard try update.command(record.command.id) == record, let id = record.operation,
                    var operation = try update.operation(id)
                else { continue }
                try update.finishCommand(record.command.id, at: now)
                // The wish to stop it is not the work itself.
                guard operation.isOpen, record.command.verb.value != .cancel else { continue }
                (operation.state, operation.finishedAt) = (.expired, now)
                let agent = try update.agent(record.agent)
                let seen = (sightings[record.agent]?.at ?? agent?.lastSeenAt).map {
                    ", last seen \(Timestamp.seconds($0))"
                }
                let offline = "host \(agent?.name ?? "") is offline\(seen ?? "")"
                operation.message =
                    switch (record.deliveredAt, record.receivedAt) {
                    case (_, _?): "\(offline): it took this and may go on with it; what it still reports counts"
                    case (_?, nil): "\(offline): this went there, and it may have begun; what it still reports counts"
                    case (nil, nil) where record.isLateRestore(at: now):
                        "its agent did not take it in time; is it running there?"
                    case (nil, nil): "\(offline), and never took this"
                    }
                try update.save(operation)
            }
        }
    }

    /// Ends what agents did not take in time. What one did take is its own to end; for that it has another week.
    private func expireCommands() async throws(BackupError) {
        let now = world.now()
        let expired = try await catalog.read { try $0.expiredCommands(before: now) }.filter {
            $0.receivedAt == nil || now.timeIntervalSince($0.command.expiresAt) > 7 * 86_400
        }
        guard !expired.isEmpty else { return }
        try await catalog.write { update in
            for record in expired {
                // It may have gone down, or been taken, since it was read.
                guard try update.command(record.command.id) == record else { continue }
                try update.finishCommand(record.command.id, at: now)
                if let id = record.operation, var operation = try update.operation(id), operation.isOpen {
                    (operation.state, operation.finishedAt) = (.expired, now)
                    operation.message =
                        record.deliveredAt == nil
                        ? "its agent did not take it in time"
                        : "it went to its agent, which may have begun, and was not heard of since"
                    try update.save(operation)
                }
                if let id = record.run, var run = try update.run(id), !run.state.isTerminal, run.attempt == 0 {
                    // One that may have reached its agent may still succeed, and then wins over `lost`.
                    run.state = record.deliveredAt == nil ? .missed : .lost
                    (run.finishedAt, run.reason) = (now, "its agent did not take it in time")
                    try update.save(run, at: now)
                }
            }
        }
    }
}
