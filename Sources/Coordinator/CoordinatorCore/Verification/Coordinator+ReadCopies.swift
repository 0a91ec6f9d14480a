import Archive
import Catalog
import Domain
import Foundation
import Synchronization
import Threads
import Wire

// The verifications that the coordinator does itself: copies in S3.
extension Coordinator {
    /// Does all that wait, one after the other.
    func readWaitingCopies() async throws(BackupError) {
        let waiting = try await catalog.read {
            try $0.openOperations().filter { $0.kind == .verify && $0.agent == nil }
        }
        for operation in waiting {
            guard !Task.isCancelled else { return }
            try await readCopy(operation)
        }
    }

    private func readCopy(_ operation: OperationRecord) async throws(BackupError) {
        let found = try await catalog.write { update in
            var started = operation
            started.state = .running
            try update.save(started)
            return (
                try update.manifest(of: operation.backup),
                try update.copies(of: operation.backup).first { $0.place.name == operation.destination }
            )
        }
        let counter = StoredByteCounter()
        var failure: BackupError?
        do throws(BackupError) {
            guard let manifest = found.0, let copy = found.1, let s3 = current(copy.place).s3 else {
                throw BackupError(.notFound, "the copy is no longer known")
            }
            let (world, presence, stop) = (world, presence, StopSignal())
            try await onThread(stop: stop) { () throws(BackupError) in
                let reader = CopyReader(store: try world.openS3(s3), copy: copy, manifest: manifest, stop: stop)
                try reader.verify { count in
                    let bytes = counter.add(count)
                    presence.note(
                        CommandProgress(
                            command: operation.id, phase: "verifying", bytes: bytes, totalBytes: operation.totalBytes))
                }
            }
        } catch {
            failure = error
        }
        presence.forget(command: operation.id, of: nil)
        // The coordinator ends; its next start does it again.
        if failure?.code == .cancelled { return }
        try await finish(operation, bytes: counter.bytes, failure)
    }

    private func finish(
        _ operation: OperationRecord, bytes: Int64, _ failure: BackupError?
    ) async throws(BackupError) {
        let (now, channels) = (world.now(), fleet.alerts.channels)
        let isDamage = failure?.code == .integrity || failure?.code == .notFound
        try await catalog.write { update in
            var ended = operation
            ended.state = failure == nil ? .succeeded : .failed
            ended.finishedAt = now
            ended.bytes = bytes
            ended.failure = failure.map { Failure(code: $0.code.rawValue, message: $0.description) }
            ended.message = failure == nil ? "read again: sizes, SHA-256 and structure match" : nil
            ended.proof = failure == nil ? ProofLevel.sound.rawValue : nil
            try update.save(ended)
            guard let backup = try update.backup(operation.backup) else { return }
            let judgement = CopyJudgement(update: update, channels: channels, now: now)
            if let failure {
                if isDamage { try judgement.damaged(backup, operation.destination, finding: failure.message) }
            } else {
                try judgement.sound(backup, operation.destination, level: .sound, byCoordinator: true)
            }
        }
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
