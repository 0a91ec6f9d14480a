import Archive
import Domain
import Foundation
import Storage
import Synchronization
import Threads
import Wire

/// One destination's side of one attempt: the objects on their way in, which become visible only when all of them are
/// whole, the manifest after them. Once something failed here the destination is out, and the others go on.
final class DestinationWriter: ChainSink, Sendable {
    let destination: Destination
    /// With the destination's prefix, ending in a slash.
    let folder: String
    /// A destination that could not even be opened is out from the beginning.
    private let store: Result<any ObjectStore, BackupError>

    private struct Pending: Sendable {
        var name: String
        /// Used under the lock only.
        var upload: Handover<any ObjectUpload>
        var bytes: Int64 = 0
        var sha256 = ""
    }
    private struct State: Sendable {
        var pending: [Pending] = []
        var committed: [DestinationResult.StoredObject] = []
        var isComplete = false
        var failure: BackupError?
    }
    private let state = Mutex(State())

    /// `folder` is without the destination's prefix.
    init(destination: Destination, store: Result<any ObjectStore, BackupError>, folder: String) {
        self.destination = destination
        self.store = store
        self.folder = destination.keyPrefix + folder
        if case .failure(let error) = store { fail(error) }
    }

    var failure: BackupError? { state.withLock { $0.failure } }

    func fail(_ error: BackupError) {
        state.withLock { if $0.failure == nil { $0.failure = error } }
    }

    /// Begins the next object. Blocks.
    func begin(_ name: String) {
        do throws(BackupError) {
            let upload = Handover(try store.get().beginUpload(folder + name))
            state.withLock { $0.pending.append(Pending(name: name, upload: upload)) }
        } catch {
            fail(error)
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(BackupError) {
        try state.withLock { (state) throws(BackupError) in
            guard let last = state.pending.last else {
                throw BackupError(.bug, "a destination has no object to write to")
            }
            do throws(BackupError) {
                try last.upload.value.write(bytes)
            } catch {
                // Kept here as well: when all destinations fail the chain tells only of the last.
                if state.failure == nil { state.failure = error }
                throw error
            }
        }
    }

    /// The chain has handed over the whole object.
    func whole(bytes: Int64, sha256: String) {
        state.withLock { state in
            guard !state.pending.isEmpty else { return }
            state.pending[state.pending.count - 1].bytes = bytes
            state.pending[state.pending.count - 1].sha256 = sha256
        }
    }

    /// Whether one of these names is taken there; also where it may be, and the store is not known to refuse it. Blocks.
    func mayBeTaken(_ names: [String]) -> Bool {
        // One that could not be opened gets no name at all.
        guard failure == nil, let store = try? store.get() else { return false }
        for name in names {
            do throws(BackupError) {
                switch try store.isTaken(folder + name) {
                case true?: return true
                case false?: continue
                case nil: return !store.honoursConditions
                }
            } catch {
                return !store.honoursConditions
            }
        }
        return false
    }

    /// Makes all objects visible, in order. Blocks. On an error what has become visible stays in ``result`` as a leftover.
    /// `manifestName` is then looked at, if it is one that others can guess: taken since the attempt began is taken.
    func commit(manifestName: String?) {
        state.withLock { state in
            guard state.failure == nil else { return }
            do throws(BackupError) {
                while let next = state.pending.first {
                    let facts = try next.upload.value.commit(bytes: next.bytes, sha256: next.sha256)
                    state.committed.append(
                        .init(
                            name: next.name, bytes: facts.bytes, sha256: next.sha256, etag: facts.etag,
                            checksum: facts.checksum))
                    state.pending.removeFirst()
                }
            } catch {
                state.failure = error
                // It may be there all the same, when the answer was lost or it is not what was sent, and is named so that the
                // coordinator looks. A taken or refused name may be somebody else's.
                if error.code != .exists, error.code != .storageRefused, destination.directory == nil,
                    let doubtful = state.pending.first
                {
                    state.committed.append(.init(name: doubtful.name, bytes: 0, sha256: "", etag: ""))
                }
            }
            // Where nobody says, writing it says so.
            guard state.failure == nil, let manifestName, let store = try? store.get(),
                (try? store.isTaken(folder + manifestName)) == true
            else { return }
            state.failure = BackupError(.exists, "\(folder)\(manifestName) is there already")
        }
    }

    /// Writes the manifest: from then on the backup is there.
    func putManifest(_ name: String, _ bytes: [UInt8], sha256: String) {
        state.withLock { state in
            guard state.failure == nil else { return }
            do throws(BackupError) {
                let facts = try Self.put(store.get(), folder + name, bytes, sha256: sha256, mayBeThere: false)
                state.committed.append(
                    .init(
                        name: name, bytes: facts.bytes, sha256: sha256, etag: facts.etag, checksum: facts.checksum))
                state.isComplete = true
            } catch {
                state.failure = error
            }
        }
    }

    /// Stores a manifest. One of the same bytes that lies there already is what an earlier try wrote. `mayBeThere` says that
    /// an earlier process may have written it: then its taken name is believed to be ours where these credentials may not look.
    /// Whoever believes that has the coordinator look; nobody else's manifest counts as written for a name alone.
    static func put(
        _ store: any ObjectStore, _ key: String, _ bytes: [UInt8], sha256: String, mayBeThere: Bool
    ) throws(BackupError) -> ObjectFacts {
        do throws(BackupError) {
            return try store.put(key, bytes, sha256: sha256)
        } catch  where error.code == .exists {
            let taken = error
            do throws(BackupError) {
                guard try store.get(key, limit: Manifest.sizeLimit) == bytes else { throw taken }
                return try store.head(key)
            } catch  where error.code == .storageRefused {
                guard mayBeThere else { throw taken }
                return ObjectFacts(key: key, bytes: Int64(bytes.count), etag: "")
            }
        }
    }

    /// Leaves nothing half done behind. Objects that were committed without a manifest are removed where this host may.
    func abort() {
        state.withLock { state in
            for pending in state.pending { pending.upload.value.abort() }
            state.pending = []
            guard !state.isComplete, destination.directory != nil else { return }
            state.committed.removeAll { object in
                do throws(BackupError) {
                    try store.get().delete(folder + object.name)
                    return true
                } catch {
                    return false  // stays in the result, so that it is not forgotten
                }
            }
        }
    }

    var result: DestinationResult {
        state.withLock { state in
            DestinationResult(
                destination: destination.name, isComplete: state.isComplete, folder: folder, objects: state.committed,
                error: state.failure?.description)
        }
    }
}
