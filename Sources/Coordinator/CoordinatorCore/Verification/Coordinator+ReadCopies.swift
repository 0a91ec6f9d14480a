import Archive
import Catalog
import Domain
import Foundation
import Synchronization
import Threads
import Wire

// The verifications that the coordinator does itself: copies in S3.
extension Coordinator {
    /// Does all that wait, one at a time, and each in its turn: those of every host, and of one host every copy. What takes long
    /// begins anew behind the others, with twice the time. What cannot be done keeps none of the others from it.
    func readWaitingCopies() async throws(BackupError) {
        var turns: [UUID: Int] = [:]
        // Of hosts: one that asks for a thousand readings has no more of the time than one that asks for one.
        var hosts: [UUID: Int] = [:]
        var failed: Set<UUID> = []
        var failure: BackupError?
        while !Task.isCancelled {
            let waiting = try await waitingToBeRead().filter { !failed.contains($0.operation.id) }
            let next = waiting.min {
                (hosts[$0.host, default: 0], turns[$0.operation.id, default: 0])
                    < (hosts[$1.host, default: 0], turns[$1.operation.id, default: 0])
            }
            guard let next else { break }
            // A host that comes later begins where the others are, and not with all the turns that they had.
            let least = waiting.map { hosts[$0.host, default: 0] }.filter { $0 > 0 }.min() ?? 0
            hosts[next.host] = max(hosts[next.host, default: 0], least - 1) + 1
            do throws(BackupError) {
                let turn = turns[next.operation.id, default: 0]
                if try await readCopy(next.operation, turn: turn) == .turnIsOver {
                    turns[next.operation.id] = turn + 1
                }
            } catch {
                failed.insert(next.operation.id)
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    /// Oldest first, each with the agent whose backup it is.
    private func waitingToBeRead() async throws(BackupError) -> [(operation: OperationRecord, host: UUID)] {
        try await catalog.read { view in
            var hosts: [Int64: UUID] = [:]
            return try view.openOperations().filter { $0.kind == .verify && $0.agent == nil }.compactMap { operation in
                if hosts[operation.database] == nil {
                    hosts[operation.database] = try view.databaseRecord(operation.database)?.agent
                }
                return hosts[operation.database].map { (operation, $0) }
            }
        }
    }

    private func readCopy(_ operation: OperationRecord, turn number: Int) async throws(BackupError) -> ReadingTurn.End?
    {
        let (begun, manifest, copy) = try await catalog.write { update in
            let begun = (try update.setting(SettingName.begun(operation.id)).flatMap(Int.init) ?? 0) + 1
            try update.set(String(begun), for: SettingName.begun(operation.id))
            if var started = try update.operation(operation.id), started.isOpen {
                started.state = .running
                try update.save(started)
            }
            return (
                begun, try update.manifest(of: operation.backup),
                try update.copies(of: operation.backup).first { $0.place.name == operation.destination }
            )
        }
        let (turn, counter) = (ReadingTurn(), StoredByteCounter())
        reading.withLock { $0[operation.id] = turn }
        defer { reading.withLock { $0[operation.id] = nil } }
        var failure: BackupError?
        do throws(BackupError) {
            guard begun <= TurnRule.beginnings else {
                throw BackupError(
                    .storageRefused,
                    "the coordinator ended \(begun - 1) times while it read this copy, and does not begin once more by itself"
                )
            }
            guard let manifest, let copy, let s3 = current(copy.place).s3 else {
                throw BackupError(.notFound, "the copy is no longer known")
            }
            let (world, presence) = (world, presence)
            try await watched(turn, number, manifest) { () async throws(BackupError) in
                try await onThread(stop: turn.stop) { () throws(BackupError) in
                    let reader = CopyReader(
                        store: try world.openS3(s3), copy: copy, manifest: manifest, stop: turn.stop)
                    try reader.verify { count in
                        let bytes = counter.add(count)
                        presence.note(
                            CommandProgress(
                                command: operation.id, phase: "verifying", bytes: bytes,
                                totalBytes: operation.totalBytes))
                    }
                }
            }
        } catch {
            failure = error
        }
        presence.forget(command: operation.id, of: nil)
        if failure?.code == .cancelled {
            switch turn.end {
            case .turnIsOver:
                try await catalog.write { try $0.removeSetting(SettingName.begun(operation.id)) }
                return .turnIsOver
            case .tookTooLong: failure = ReadingRule.tookTooLong
            case .cancelled: failure = BackupError(.cancelled, "an operator cancelled it")
            // The coordinator ends; its next start does it again.
            case nil:
                if Task.isCancelled {
                    // An orderly end is no sign of an object that ends coordinators; a cancelled task may not wait for a write.
                    try? catalog.writeBlocking { try $0.removeSetting(SettingName.begun(operation.id)) }
                    return nil
                }
            }
        }
        try await finish(operation, bytes: counter.bytes, failure)
        return nil
    }

    /// Does the work; ends the turn when its time is over and others wait, or when it takes longer than all of it may.
    private func watched(
        _ turn: ReadingTurn, _ number: Int, _ manifest: Manifest,
        _ work: () async throws(BackupError) -> Void
    ) async throws(BackupError) {
        let longest = ReadingRule.longest(
            storedBytes: manifest.objects.reduce(0) { $0 + $1.storedBytes },
            plainBytes: manifest.objects.reduce(0) { $0 + $1.plainBytes })
        let share = world.readingTurn * (1 << min(number, 12))
        let start = world.uptime()
        let result = await withTaskGroup(of: Void.self, returning: Result<Void, BackupError>.self) { group in
            group.addTask { [self] in
                while !Task.isCancelled {
                    // Ends early only with the work.
                    try? await Task.sleep(for: min(TurnRule.look, share))
                    let passed = world.uptime() - start
                    if passed >= longest { turn.end(.tookTooLong) }
                    guard passed >= share, !Task.isCancelled else { continue }
                    // A catalog that cannot be read is told where it matters; here it only means that nobody can wait.
                    if let waiting = try? await waitingToBeRead(), waiting.count > 1 { turn.end(.turnIsOver) }
                }
            }
            defer { group.cancelAll() }
            do throws(BackupError) {
                try await work()
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private func finish(
        _ operation: OperationRecord, bytes: Int64, _ failure: BackupError?
    ) async throws(BackupError) {
        let (now, channels) = (world.now(), fleet.alerts.channels)
        let isDamage = failure?.code == .integrity || failure?.code == .notFound
        let ended = try await catalog.write { update -> OperationRecord? in
            try update.removeSetting(SettingName.begun(operation.id))
            // Meanwhile an operator may have ended it, or retention.
            guard var ended = try update.operation(operation.id), ended.isOpen else { return nil }
            ended.state = failure == nil ? .succeeded : .failed
            ended.finishedAt = now
            ended.bytes = bytes
            ended.failure = failure.map { Failure(code: $0.code.rawValue, message: $0.description) }
            ended.message = failure == nil ? "read again: sizes, SHA-256 and structure match" : nil
            ended.proof = failure == nil ? ProofLevel.sound.rawValue : nil
            try update.save(ended)
            guard let backup = try update.backup(operation.backup) else { return ended }
            let judgement = CopyJudgement(update: update, channels: channels, now: now)
            if let failure {
                if isDamage { try judgement.damaged(backup, operation.destination, finding: failure.message) }
            } else {
                try judgement.sound(backup, operation.destination, level: .sound, byCoordinator: true)
            }
            return ended
        }
        if let ended { Happening.end(of: ended, agent: nil)?.log(to: logger) }
        if isDamage { bells.ring(.alerts) }
    }
}

/// Counts bytes on one thread for readers on others.
final class StoredByteCounter: Sendable {
    private let count = Mutex<Int64>(0)

    var bytes: Int64 { count.withLock { $0 } }

    func add(_ bytes: Int) -> Int64 {
        count.withLock { count in
            count += Int64(bytes)
            return count
        }
    }
}
