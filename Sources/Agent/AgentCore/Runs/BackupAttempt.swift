import Archive
import Deflate
import Domain
import Engines
import Foundation
import Sealing
import Storage
import Threads
import Wire

/// How one attempt at a run ended.
struct AttemptOutcome: Sendable {
    var manifest: Manifest?
    var destinations: [DestinationResult]
    /// nil only when every destination holds the whole backup.
    var failure: BackupError?

    /// Some destination holds the whole backup though the run failed.
    var isPartial: Bool { failure != nil && destinations.contains(where: \.isComplete) }
}

/// One attempt: engine > chain > every destination at once, then commit everywhere, then the manifest (DESIGN section 7).
struct BackupAttempt: Sendable {
    let live: LiveRun
    let number: Int
    let agent: AgentIdentity
    let engine: any Engine
    let destinations: DestinationOpener
    let world: AgentWorld
    /// Makes the attempt's names survive a kill: called with their token before the first of them is used.
    let name: @Sendable (String?) throws(BackupError) -> Void
    /// Makes what is about to happen survive a kill: called after all objects are committed, before the manifest.
    let seal: @Sendable (RunJournal.Sealed) throws(BackupError) -> Void

    private var job: RunJob { live.job }

    func run() async -> AttemptOutcome {
        var writers: [DestinationWriter] = []
        do {
            let begunAt = world.now()
            // What is known of the data of an adopted dump is as old as that, and so is the backup.
            let startedAt = job.adopted?.takenAt ?? begunAt
            live.begin(attempt: number, at: begunAt)
            live.enter(.examining)
            if live.stop.isStopped { throw BackupError(.cancelled, "the run was stopped before it began") }
            let examination = try await engine.examine()
            let streams = try await engine.streams()
            // A mount that hangs must hang nothing else.
            writers = try await onThread(stop: live.stop) { () throws(BackupError) in try openWriters() }
            let names = try await chooseNames(writers)
            live.enter(.dumping)
            let snapshotAt = job.adopted?.takenAt ?? world.now()
            var objects: [Manifest.Object] = []
            var fingerprint: Manifest.Fingerprint?
            var restore: [String] = []
            var notes = streams.flatMap(\.notes)
            for stream in streams {
                let made = try await make(stream, names, to: writers)
                objects.append(made.object)
                if let tables = made.tables, stream.role == .dump {
                    fingerprint = .init(tables: tables)
                }
                notes += made.notes + stream.laterNotes()
                restore.append(stream.stockRestore.line(for: made.object))
            }
            restore += objects.filter { $0.role == .database }.map(StockRestore.propertiesAgain.line)
            var manifest = Manifest(
                id: world.newID(), run: job.run, attempt: number, agent: .init(id: agent.id, name: agent.name),
                database: .init(
                    name: job.entry.database, kind: job.entry.kind, serverVersion: examination.serverVersion,
                    sizeBytes: examination.sizeBytes),
                policy: job.entry.policy, tiers: job.tiers, nominalAt: job.nominalAt, startedAt: startedAt,
                snapshotAt: snapshotAt, finishedAt: job.adopted?.takenAt ?? world.now(), tool: examination.tool,
                objects: objects,
                fingerprint: fingerprint, restore: restore, holdfast: Product.version, notes: notes)
            manifest.database.properties = streams.compactMap(\.properties).first
            manifest.adopted = job.adopted.map { .init(from: $0.words, at: begunAt) }
            return await finish(manifest, names, writers)
        } catch {
            let opened = writers
            await onThread { for writer in opened { writer.abort() } }
            return AttemptOutcome(manifest: nil, destinations: opened.map(\.result), failure: Self.explain(error))
        }
    }

    private func openWriters() throws(BackupError) -> [DestinationWriter] {
        guard !job.destinations.isEmpty else {
            throw BackupError(.configuration, "policy \(job.entry.policy) names no destination that this agent knows")
        }
        return job.destinations.map { destination in
            let store = Result { () throws(BackupError) in
                try destinations.open(destination, stop: live.stop, isForWriting: true)
            }
            return DestinationWriter(destination: destination, store: store, folder: job.keys(of: agent).folder)
        }
    }

    /// The first attempt's plain names where no destination says that one of them is taken, or may have one that is taken and
    /// would lose it; else, and for every further attempt, names that nobody can guess. The same at every destination.
    private func chooseNames(_ writers: [DestinationWriter]) async throws -> Names {
        let plain = job.keys(of: agent)
        let wanted = [plain.manifestName] + job.objectNames(plain)
        let isFree =
            number > 1
            ? false : await onThread(stop: live.stop) { !writers.contains { $0.mayBeTaken(wanted) } }
        let token = isFree ? nil : BackupKeys.token(world.newID())
        try name(token)
        return Names(keys: job.keys(of: agent, token: token), areGuessable: isFree)
    }

    private struct Names {
        let keys: BackupKeys
        /// Then somebody may take one at any time, and nothing is lost by going on under others.
        let areGuessable: Bool

        /// Throws when a name was taken at one destination: the backup would never be whole there.
        func requireFree(_ writers: [DestinationWriter]) throws(BackupError) {
            guard areGuessable, let taken = writers.compactMap(\.failure).first(where: { $0.code == .exists }) else {
                return
            }
            throw taken
        }
    }

    /// Makes one object at every destination that is still in. Throws when the dump failed, or no destination is left.
    private func make(
        _ stream: EngineStream, _ names: Names, to writers: [DestinationWriter]
    ) async throws -> (object: Manifest.Object, tables: [TableFingerprint]?, notes: [String]) {
        let name = names.keys.objectName(stream.role, stream.format, job.entry.compression)
        let progress = ChainProgress()
        live.watch(progress)
        let codec = try Codec(job.entry.compression, level: job.entry.compressionLevel)
        let stop = StopSignal(following: live.stop)
        let open = writers.filter { $0.failure == nil }
        await onThread { for writer in open { writer.begin(name) } }
        try names.requireFree(open)
        let sinks = open.filter { $0.failure == nil }
        guard !sinks.isEmpty else { throw Self.noDestinationLeft(writers) }

        let pipe = try Pipe.make()
        async let written = Self.result { try await stream.write(pipe.writeEnd, stop) }
        async let _ = Self.watch(progress, fromFirstByte: stream.copiesFirst, stop)
        let chained = await Self.result {
            try await onThread(stop: stop) { () throws(BackupError) in
                let inspector: any Inspector
                do throws(BackupError) { inspector = try stream.makeInspector() } catch {
                    close(pipe.readEnd)  // the chain, which would close it, never begins
                    throw error
                }
                return try Chain(codec: codec, inspector: inspector, progress: progress)
                    .run(from: pipe.readEnd, to: sinks, stop: stop)
            }
        }
        let engineResult = await written
        for (index, error) in (try? chained.get())?.sinkErrors ?? [:] { sinks[index].fail(error) }
        if live.stop.isStopped || Task.isCancelled { throw BackupError(.cancelled, "the run was stopped") }
        if stop.isStopped {
            throw BackupError(
                .sourceUnavailable,
                stream.copiesFirst && progress.plainBytes == 0
                    ? "the copy was not ready within 12 hours; it was given up"
                    : "no byte came from the dump for an hour; it was given up")
        }
        // Before the tool's own words: when nobody takes its output it can only complain of a broken pipe.
        if sinks.allSatisfy({ $0.failure != nil }) { throw Self.noDestinationLeft(writers) }
        try engineResult.get()
        let result = try chained.get()
        for sink in sinks where sink.failure == nil {
            sink.whole(bytes: result.storedBytes, sha256: result.storedSHA256)
        }
        guard writers.contains(where: { $0.failure == nil }) else { throw Self.noDestinationLeft(writers) }
        let object = Manifest.Object(
            role: stream.role, name: name, format: stream.format, codec: job.entry.compression,
            plainBytes: result.plainBytes, plainSha256: result.plainSHA256, storedBytes: result.storedBytes,
            storedSha256: result.storedSHA256)
        // Of what another tool made nobody knows whose it is: it is restored as a stranger's.
        let signed =
            job.adopted != nil
            ? object
            : OriginSeal(paths: destinations.paths).signed(
                object, agent: agent.id, database: job.entry.database, kind: job.entry.kind)
        let inspection = result.inspection
        return (signed, inspection.flatMap { $0.knowsTables ? $0.tables : nil }, inspection?.notes ?? [])
    }

    /// All objects are whole: makes them visible, and the manifest last.
    private func finish(
        _ manifest: Manifest, _ names: Names, _ writers: [DestinationWriter]
    ) async -> AttemptOutcome {
        live.enter(.committing)
        let name = names.keys.manifestName
        let seal = self.seal
        do {
            let bytes = try manifest.encoded()
            let digest = hex(sha256(bytes))
            try await onThread { () throws(BackupError) in
                for writer in writers { writer.commit(manifestName: names.areGuessable ? name : nil) }
                try names.requireFree(writers)
                let committed = writers.filter { $0.failure == nil }
                guard !committed.isEmpty else { throw Self.noDestinationLeft(writers) }
                FaultPoint.committed.pass()
                try seal(
                    RunJournal.Sealed(
                        manifest: Data(bytes), manifestName: name, complete: committed.map(\.result),
                        failed: writers.filter { $0.failure != nil }.map(\.result)))
                FaultPoint.sealed.pass()
                for writer in committed { writer.putManifest(name, bytes, sha256: digest) }
                for writer in writers where writer.failure != nil { writer.abort() }
                FaultPoint.manifest.pass()
            }
        } catch {
            await onThread { for writer in writers { writer.abort() } }
            return AttemptOutcome(manifest: nil, destinations: writers.map(\.result), failure: Self.explain(error))
        }
        let results = writers.map(\.result)
        let failed = results.filter { !$0.isComplete }
        guard let first = writers.first(where: { $0.failure != nil }), let cause = first.failure else {
            return AttemptOutcome(manifest: manifest, destinations: results, failure: nil)
        }
        let message =
            "stored at \(results.count - failed.count) of \(results.count) destinations; \(first.destination.name)"
        return AttemptOutcome(
            manifest: results.contains(where: \.isComplete) ? manifest : nil, destinations: results,
            failure: BackupError(cause.code, message, cause: cause))
    }

    private static func noDestinationLeft(_ writers: [DestinationWriter]) -> BackupError {
        guard let first = writers.first(where: { $0.failure != nil }), let cause = first.failure else {
            return BackupError(.bug, "no destination is left, and none has failed")
        }
        return BackupError(cause.code, "no destination is left; \(first.destination.name)", cause: cause)
    }

    /// Stops what has moved no byte for too long. Ends with its task.
    private static func watch(_ progress: ChainProgress, fromFirstByte: Bool, _ stop: StopSignal) async {
        var patience = Patience(fromFirstByte: fromFirstByte, now: .now)
        while !Task.isCancelled, !stop.isStopped {
            if patience.isOver(moved: progress.plainBytes + progress.storedBytes, now: .now) { stop.stop() }
            // Cancellation ends the wait, and is looked at in the condition.
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private static func explain(_ error: any Error) -> BackupError {
        if let error = error as? BackupError { return error }
        if error is CancellationError { return BackupError(.cancelled, "the run was stopped") }
        return BackupError(.bug, "the run failed", cause: error)
    }

    private static func result<Value: Sendable>(
        _ work: sending () async throws -> Value
    ) async -> Result<Value, any Error> {
        do { return .success(try await work()) } catch { return .failure(error) }
    }
}
