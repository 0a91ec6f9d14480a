package import Domain
import Foundation
package import Storage
package import Threads
package import Wire

/// Opens destinations with this host's own credentials (P9), and clears away what an earlier agent left half done.
package struct DestinationOpener: Sendable {
    let paths: AgentPaths
    let world: AgentWorld
    let limits: HostGuard
    private let places: PlaceBook

    package init(paths: AgentPaths, world: AgentWorld, limits: HostGuard) {
        self.paths = paths
        self.world = world
        self.limits = limits
        places = PlaceBook(file: paths.places, newID: world.newID)
    }

    /// Throws `.forbidden` for a destination that this host does not allow, `.configuration` for one of a kind that this agent
    /// does not know, and `.storageUnavailable` for a directory that is another one than before (its disk is not mounted). `stop`
    /// ends its transfers. `isForWriting` where a backup is made: only then a new directory becomes known.
    package func open(
        _ destination: Destination, stop: StopSignal, isForWriting: Bool = false
    ) throws(BackupError) -> any ObjectStore {
        let destination = try limits.allowed(destination)
        if let directory = destination.directory {
            let store = try DirectoryStore(root: directory.path ?? paths.backups.path, stop: stop)
            try places.check(store, isForWriting: isForWriting)
            return store
        }
        if let s3 = destination.s3 {
            return try s3Store(s3, stop: stop)
        }
        throw BackupError(
            .configuration, "destination \(destination.name) is of a kind that this agent does not know; upgrade it")
    }

    func s3Store(_ s3: Destination.S3, stop: StopSignal) throws(BackupError) -> S3Store {
        try S3Store(
            configuration: S3Configuration(s3), credentials: world.credentials(region: s3.region),
            journal: FileUploadJournal(folder: paths.uploads.path), now: world.now
        ).stopping(with: stop)
    }

    /// Removes unfinished files and aborts unfinished uploads of this agent. Blocks. Returns what could not be removed.
    /// Only `folder` (this agent's own) is looked into in directories, which other agents may share.
    package func sweep(_ destinations: [Destination], below folder: String, stop: StopSignal) -> [BackupError] {
        var problems: [BackupError] = []
        FileUploadJournal.sweep(paths.uploads.path)
        for destination in destinations {
            do throws(BackupError) {
                let destination = try limits.allowed(destination)
                if let directory = destination.directory {
                    // No run is at work when this is called, so every partial file is an old one.
                    let root = (directory.path ?? paths.backups.path) + "/" + folder
                    guard FileManager.default.fileExists(atPath: root) else { continue }
                    _ = try DirectoryStore(root: root).sweepPartials(olderThan: .distantFuture)
                } else if let s3 = destination.s3 {
                    _ = try s3Store(s3, stop: stop).abortOrphans()
                }
            } catch {
                problems.append(error)
            }
        }
        return problems
    }

    /// Aborts the uploads that failed while their store could not be asked to abort them (it was away, or the token had run
    /// out). Blocks. Returns what could not be aborted now either.
    package func abortGivenUp(at destinations: [Destination], stop: StopSignal) -> [BackupError] {
        var problems: [BackupError] = []
        for destination in destinations {
            do throws(BackupError) {
                guard let s3 = try limits.allowed(destination).s3 else { continue }
                _ = try s3Store(s3, stop: stop).abortOrphans(onlyGivenUp: true)
            } catch {
                problems.append(error)
            }
        }
        return problems
    }
}
