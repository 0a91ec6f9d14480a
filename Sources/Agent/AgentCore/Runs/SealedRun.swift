import Archive
import Domain
import Foundation
import Sealing
import Storage
import Threads
import Wire

/// A run of an earlier agent whose objects are all committed: it only needs its manifest.
struct SealedRun: Sendable {
    let record: RunJournal.Record
    let sealed: RunJournal.Sealed
    let destinations: DestinationOpener
    /// Ends its transfers.
    let stop: StopSignal

    struct Outcome: Sendable {
        /// Of the destinations that held all objects, and of those that failed before.
        var results: [DestinationResult]
        /// The store was away, or we are: what is missing may be done yet.
        var mayComeYet: Bool
        var isGood: Bool { results.allSatisfy(\.isComplete) }
    }

    /// Writes the manifest where it is missing. Doing it again changes nothing; it is not done again where it is `done`.
    func complete(after done: [DestinationResult] = []) async -> Outcome {
        let bytes = [UInt8](sealed.manifest)
        let digest = hex(sha256(bytes))
        let ended = await onThread {
            sealed.complete.map { before in
                done.first { $0.destination == before.destination }.map { ($0, false) }
                    ?? complete(before, bytes, digest)
            }
        }
        return Outcome(results: ended.map(\.0) + sealed.failed, mayComeYet: ended.contains { $0.1 })
    }

    /// The result, and whether a later try may do better.
    private func complete(_ before: DestinationResult, _ bytes: [UInt8], _ digest: String) -> (DestinationResult, Bool)
    {
        var result = before
        guard let destination = record.job.destinations.first(where: { $0.name == result.destination }) else {
            return (result, false)
        }
        do throws(BackupError) {
            let store = try destinations.open(destination, stop: stop)
            for object in result.objects { try Self.confirm(object, in: result.folder, store, destination) }
            let key = result.folder + sealed.manifestName
            let facts = try DestinationWriter.put(store, key, bytes, sha256: digest, mayBeThere: true)
            result.objects.append(
                .init(
                    name: sealed.manifestName, bytes: facts.bytes, sha256: digest, etag: facts.etag,
                    checksum: facts.checksum))
            result.isComplete = true
            return (result, false)
        } catch {
            result.error = error.description
            return (result, error.code.isWorthRetrying || error.code == .cancelled)
        }
    }

    /// Looks whether what was committed is still there: a later step of the earlier agent may have removed it.
    private static func confirm(
        _ object: DestinationResult.StoredObject, in folder: String, _ store: any ObjectStore,
        _ destination: Destination
    ) throws(BackupError) {
        do throws(BackupError) {
            let seen = try store.head(folder + object.name)
            guard seen.bytes == object.bytes, object.etag.isEmpty || seen.etag == object.etag else {
                throw BackupError(.integrity, "\(object.name) is not what was committed")
            }
        } catch  where error.code == .storageRefused && destination.directory == nil {
            // Credentials that may only write; the coordinator looks for itself before it believes.
        }
    }
}
