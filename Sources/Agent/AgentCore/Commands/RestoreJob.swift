import Archive
import Domain
import Engines
import Foundation
import Logging
import Threads
import Wire

/// Restores one backup on this host: checksums first, then beside what is there, checked, then into place (P6).
struct RestoreJob {
    let order: RestoreOrder
    let id: UUID
    let engines: EngineCatalog
    let destinations: DestinationOpener
    let desk: CommandDesk
    let world: AgentWorld
    let links: RestoreLinks
    let logger: Logger

    func run() async throws -> CommandDesk.End { try await links.renewing { try await restore() } }

    private func restore() async throws -> CommandDesk.End {
        try destinations.limits.requireRestorable(order)
        let engine = try engines.engine(for: order.database, kind: order.kind)
        let stop = await desk.stop(of: id)
        // A mount that hangs must hang nothing else.
        let readers = try await onThread(stop: stop) { () throws(BackupError) in
            var readers: [ObjectReader] = []
            for source in order.sources {
                readers.append(try ObjectReader(source, destinations: destinations, links: links, stop: stop))
            }
            return readers
        }
        let origin = origin(of: readers)
        try destinations.limits.requireOwn(order, origin)
        var restore = Restore(
            readers: readers, engine: engine, target: order.target, replace: order.replace,
            skipChecksum: order.skipChecksum, withGlobals: order.withGlobals, fingerprint: order.fingerprint,
            origin: origin, part: ArchivePart(paths: order.paths ?? [], strip: order.strip ?? 0), manner: manner,
            now: world.now(), stop: stop, takesDamaged: order.skipChecksum)
        if let source = order.source, source.database != order.database {
            restore.originalName = source.database.rawValue
        }
        if !order.skipChecksum {
            let stored = readers.total(\.storedBytes)
            try await withProgress(of: id, "checking", total: stored, to: desk) { try await restore.check($0) }
        }
        let plain = readers.total(\.plainBytes)
        return try await withProgress(of: id, "restoring", total: plain, to: desk) { counter in
            let record = RestoreRecord(
                id: id, engine, words: "the restore of backup \(order.backup.uuidString.lowercased())", at: world.now())
            let outcome = try await RestoreJournal(destinations.paths, now: world.now).noting(
                record, by: engine, paths: destinations.paths, { logger.warning("\($0)") }
            ) { trace in
                restore.trace = trace
                return try await restore.load(counter)
            }
            return .done(
                message: Self.words(outcome, skipped: order.skipChecksum), proof: nil, restoredTo: outcome.target,
                bytes: counter.bytes,
                lacking: outcome.failures.first.map {
                    Failure(
                        code: "incomplete",
                        message: "\(CountText.of(outcome.failures.count, "thing")) could not be made: \($0)")
                })
        }
    }

    private var manner: LoadManner {
        LoadManner(
            isAllOrNothing: order.manner?.exitOnError ?? false,
            replacesIncomplete: order.manner?.replaceIncomplete ?? false,
            intoOriginalName: order.manner?.intoOriginalName ?? false,
            createsRoles: order.manner?.createRoles ?? false)
    }

    /// Bytes that are not compared with what was signed are nobody's.
    private func origin(of readers: [ObjectReader]) -> RestoreOrigin {
        if order.trustOrigin == true { return .trusted }
        guard !order.skipChecksum, let source = order.source else { return .foreign }
        let isOwn = OriginSeal(paths: destinations.paths).isOwn(
            readers.map(\.object), agent: source.agent, database: source.database, kind: order.kind)
        return isOwn ? .own : .foreign
    }

    static func words(_ outcome: RestoreOutcome, skipped: Bool) -> String {
        var text = "restored to \(outcome.target); \(outcome.checked)"
        if let kept = outcome.keptBeside { text += "; what was there before is kept as \(kept)" }
        if !outcome.failures.isEmpty {
            text += "; BUT NOT ALL OF IT could be made: " + outcome.failures.joined(separator: "; ")
        }
        if skipped { text += "; CHECKSUMS WERE NOT CHECKED, as asked" }
        return text
    }
}
