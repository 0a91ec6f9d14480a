import Catalog
import Domain
import Foundation
import Logging
import Threads
import Wire

extension Coordinator {
    /// Probes every object store whose time has come: at its first use, then weekly. What is found goes to the agents with their
    /// plans. A probe that fails says nothing new, is told, and tried again after an hour.
    func probeStores() async throws(BackupError) {
        try await forgetOthers()
        for destination in fleet.destinations {
            guard !Task.isCancelled, let s3 = destination.s3 else { continue }
            let known = try await catalog.read { try StoreProbeRecord.read(destination, $0) }
            guard known?.isDue(at: world.now()) ?? true else { continue }
            let outcome = await probed(s3)
            if case .failure(let error) = outcome {
                guard error.code != .cancelled else { throw error }
                logger.warning(
                    "a store could not be probed",
                    metadata: ["destination": "\(destination.name)", "error": "\(error)"])
            }
            try await note(outcome, of: destination, s3, after: known)
        }
    }

    private func probed(_ s3: Destination.S3) async -> Result<ProbeFindings, BackupError> {
        let (probe, token) = (world.probeStore, world.uuid().uuidString.lowercased())
        do throws(BackupError) {
            return .success(try await onThread { () throws(BackupError) in try probe(s3, token) })
        } catch {
            return .failure(error)
        }
    }

    private func note(
        _ outcome: Result<ProbeFindings, BackupError>, of destination: Destination, _ s3: Destination.S3,
        after known: StoreProbeRecord?
    ) async throws(BackupError) {
        let (now, fleet) = (world.now(), fleet)
        var record = known ?? StoreProbeRecord(place: StoreProbeRecord.place(s3), triedAt: now)
        record.triedAt = now
        switch outcome {
        case .success(let findings):
            (record.foundAt, record.findings, record.failure, record.failingSince) = (now, findings, nil, nil)
        case .failure(let error): (record.failure, record.failingSince) = (error.message, record.failingSince ?? now)
        }
        let changed = try await catalog.write { [record] update in
            try record.write(destination, update)
            if record.isBlind(at: now) {
                try update.open(
                    .unprobed(destination.name, record), channels: fleet.alerts.channels, at: now)
            } else {
                try update.recover(IncidentKey.unprobed(destination.name), at: now)
            }
            guard record.findings?.ways != known?.findings?.ways else { return [UUID]() }
            return try Self.replan(update, fleet, agents: nil, at: now)
        }
        presence.wake(changed)
    }

    /// Of destinations that are no more, nobody has to know anything.
    private func forgetOthers() async throws(BackupError) {
        let known = Set(fleet.destinations.filter { $0.s3 != nil }.map { IncidentKey.unprobed($0.name) })
        let now = world.now()
        let others = try await catalog.read { try $0.openIncidentKeys(kind: IncidentKind.unprobed).subtracting(known) }
        guard !others.isEmpty else { return }
        try await catalog.write { update in for key in others { try update.resolve(key: key, at: now) } }
    }
}
