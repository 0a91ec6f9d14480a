import Archive
import Catalog
import Domain
import Foundation
import Wire

/// Takes a manifest that was found into the catalog, as if its agent reported it now: by the same rule, and without a word to anybody.
struct RebuiltBackup {
    let update: CatalogUpdate
    let fleet: FleetConfiguration
    /// What a destination's name stands for, where it is none of the fleet's.
    let foreign: Destination?
    let now: Date

    enum Outcome {
        case added(newAgent: String?)
        /// Copies that a known backup did not have.
        case copies(Int)
        case known
        case refused(String)
        /// Refused, and it may be that it should not have been.
        case doubtful(String)
    }

    func take(_ found: FoundManifest) throws -> Outcome {
        let manifest = found.manifest
        if let outcome = try clash(manifest) { return outcome }
        if let known = try update.backup(manifest.id) { return try extend(known, found) }
        let policy = fleet.policy(named: manifest.policy)
        let backup: ReportedBackup
        do {
            backup = try reported(found, demanded: policy?.destinations ?? [])
        } catch let error as BackupError { return .refused(error.message) }
        guard backup.hasWholeCopy else {
            return .refused(backup.shortcomings.joined(separator: "; "))
        }
        for copy in backup.copies {
            if let (name, other) = try update.rival(of: copy, agent: manifest.agent.id) {
                return .refused("\(name) is an object of backup \(other.uuidString.lowercased())")
            }
        }
        let newAgent = try ensureAgent(manifest)
        let database = try update.ensureDatabase(
            agent: manifest.agent.id, name: manifest.database.name, kind: manifest.database.kind,
            atMost: AgentCaps.databaseRows, at: now)
        try add(backup, found, database)
        return .added(newAgent: newAgent)
    }

    /// A name stands for one host, and a run for one backup's database.
    private func clash(_ manifest: Manifest) throws -> Outcome? {
        func refusal(_ words: String, by agent: AgentRecord) -> Outcome {
            // Who has a key is who it is. A row without one was made from a manifest, too.
            agent.keyFingerprint == Coordinator.noKey ? .doubtful(words) : .refused(words)
        }
        if let agent = try update.agent(manifest.agent.id), agent.name != manifest.agent.name {
            return refusal("the host of this id is called \(agent.name) now", by: agent)
        }
        if let other = try update.agent(named: manifest.agent.name), other.id != manifest.agent.id {
            return refusal("host \(other.name) is another one now (its id differs)", by: other)
        }
        guard let run = try update.run(manifest.run), let owner = try update.databaseRecord(run.database) else {
            return nil
        }
        let isSame = owner.agent == manifest.agent.id && owner.name == manifest.database.name
        return isSame ? nil : .refused("its run is another database's")
    }

    /// A host that the catalog does not know gets a row without a key; it is admitted by an operator's word.
    private func ensureAgent(_ manifest: Manifest) throws -> String? {
        guard try update.agent(manifest.agent.id) == nil else { return nil }
        try update.add(
            AgentRecord(
                id: manifest.agent.id, name: manifest.agent.name, labels: [:], keyFingerprint: Coordinator.noKey,
                certificateFingerprint: Coordinator.noKey, certificateNotAfter: now, joinToken: "rebuilt",
                enrolledAt: now))
        return manifest.agent.name
    }

    /// What its agent would have said. The rule of reports says what of it counts.
    private func reported(_ found: FoundManifest, demanded: [String]) throws -> ReportedBackup {
        let manifest = found.manifest
        let report = RunReport(
            run: manifest.run, attempt: manifest.attempt, sequence: 1, database: manifest.database.name,
            kind: manifest.database.kind, policy: manifest.policy, tiers: manifest.tiers, nominalAt: manifest.nominalAt,
            at: manifest.finishedAt, event: .succeeded, manifest: manifest, destinations: found.results)
        return try ReportedBackup(
            report, manifest, from: AgentIdentity(id: manifest.agent.id, name: manifest.agent.name, key: ""),
            demanded: demanded
        ) { name in
            let own = fleet.destination(named: name).map { [$0] } ?? []
            return try own + (foreign.map { $0.name == name ? [$0] : [] } ?? []) + update.places(named: name)
        }
    }

    /// When the coordinator would have learned of it: by the host's clock where the store's does not contradict that.
    private func recordedAt(_ found: FoundManifest) -> Date {
        let told = found.manifest.finishedAt
        guard let stored = found.storedAt, abs(stored.timeIntervalSince(told)) > EvidenceRule.clocks else {
            return min(told, now)
        }
        return min(stored, now)
    }

    private func add(_ backup: ReportedBackup, _ found: FoundManifest, _ database: Int64) throws {
        let (manifest, at) = (found.manifest, recordedAt(found))
        var run =
            try update.run(manifest.run)
            ?? RunRecord(
                id: manifest.run, database: database, policy: manifest.policy, tiers: manifest.tiers, state: .running,
                attempt: manifest.attempt, nominalAt: manifest.nominalAt, recordedAt: at,
                demanded: backup.copies.map(\.place.name))
        if !run.state.isTerminal || run.backup == nil {
            if !run.state.isTerminal {
                run.state = .succeeded
                (run.attempt, run.startedAt, run.finishedAt) = (
                    manifest.attempt, manifest.startedAt, manifest.finishedAt
                )
            }
            (run.backup, run.kind) = (manifest.id, run.kind ?? manifest.database.kind)
            run.destinations = found.results
            try update.save(run, at: now)
        }
        var record = BackupRecord(
            id: manifest.id, database: run.database, run: run.id, policy: run.policy, tiers: run.tiers,
            state: backup.isComplete ? .good : .partial, nominalAt: manifest.nominalAt, startedAt: manifest.startedAt,
            snapshotAt: manifest.snapshotAt, finishedAt: manifest.finishedAt, recordedAt: at,
            plainBytes: manifest.objects.reduce(0) { $0 + $1.plainBytes },
            storedBytes: manifest.objects.reduce(0) { $0 + $1.storedBytes })
        (record.sourceTables, record.sourceRows) = (manifest.sourceTables, manifest.sourceRows)
        if backup.isComplete, backup.copies.allSatisfy({ $0.place.s3 == nil }) {
            (record.proof, record.proofAt) = (ProofLevel.stored.rawValue, now)
        }
        record.pinned = manifest.adopted != nil
        try update.add(record, manifest: manifest, copies: backup.copies, at: now)
    }

    /// Places of a known backup that its rows do not name: those that were out of reach the first time.
    private func extend(_ known: BackupRecord, _ found: FoundManifest) throws -> Outcome {
        guard known.isLive, let run = try update.run(known.run), let owner = try update.databaseRecord(known.database)
        else { return .known }
        guard owner.agent == found.manifest.agent.id else {
            return .refused("it is a backup of \(owner.agentName)")
        }
        let there = Set(try update.copies(of: known.id).map(\.place.name))
        var rest = found
        rest.results = found.results.filter { !there.contains($0.destination) }
        guard !rest.results.isEmpty else { return .known }
        // Whoever wrote it knows the backup's id; only the same manifest is of the same backup.
        guard try update.manifest(of: known.id) == found.manifest else {
            return .refused("its manifest is another one than the catalog has of this backup")
        }
        guard let more = try? reported(rest, demanded: []), more.hasWholeCopy else { return .known }
        for copy in more.copies {
            if let (name, other) = try update.rival(of: copy, agent: owner.agent) {
                return .refused("\(name) is an object of backup \(other.uuidString.lowercased())")
            }
        }
        for copy in more.copies where copy.isWhole { try update.addCopy(copy, of: owner.agent, at: now) }
        let demanded = fleet.policy(named: known.policy)?.destinations ?? run.demanded
        let whole = Set(try update.copies(of: known.id).filter(\.isWhole).map(\.place.name))
        if known.state == .partial, demanded.allSatisfy(whole.contains) {
            try update.setState(.good, of: known, at: now)
            // What was seen of it while it was partial counts now; what was not is looked at as ever.
            let isSeen = try update.copies(of: known.id).allSatisfy { $0.place.s3 == nil || $0.state == .confirmed }
            if isSeen, known.proof == nil { try update.raiseProof(.stored, of: known, at: now) }
        }
        return .copies(more.copies.count(where: \.isWhole))
    }
}
