import Archive
import Domain
import Engines
import Foundation
import Threads

/// One restore, for the coordinator's command and for the break-glass command alike.
struct Restore: Sendable {
    let readers: [ObjectReader]
    let engine: any Engine
    let target: String?
    let replace: Bool
    let skipChecksum: Bool
    let withGlobals: Bool
    let fingerprint: Manifest.Fingerprint?
    let origin: RestoreOrigin
    var part = ArchivePart()
    var manner = LoadManner()
    let now: Date
    let stop: StopSignal
    /// No manifest says what the bytes must be: that they are whole is left to their own form.
    var inspects = false
    /// What the backup's database is called, where another's server takes it.
    var originalName: String?
    /// Hears of each step.
    var trace: RestoreTrace = { _ in }
    /// A dump that is damaged is restored up to there, as asked.
    var takesDamaged = false

    /// Reads all stored bytes and compares their checksums, before a byte reaches a database.
    func check(_ counter: ByteCounter) async throws {
        // What the database was is looked at when it is needed: it keeps nobody from the data.
        let readers = self.readers.filter { $0.object.role != .database }
        try await onThread(stop: stop) { () throws(BackupError) in
            for reader in readers { try reader.checkStored(progress: counter.add) }
        }
    }

    func load(_ counter: ByteCounter) async throws -> RestoreOutcome {
        guard let dump = readers.first(where: \.object.role.isContents) else {
            throw BackupError(.usage, "this backup has no dump to restore")
        }
        let globals = withGlobals ? readers.first(where: { $0.object.role == .globals }) : nil
        if withGlobals, globals == nil {
            throw BackupError(.notFound, "this backup has no globals; restore without --globals")
        }
        guard part.isAll || dump.object.format == .tar else {
            throw BackupError(.usage, "--path and --strip are for files, and this is a database")
        }
        guard (0...100).contains(part.strip) else { throw BackupError(.usage, "--strip takes a number up to 100") }
        let damage = takesDamaged ? ReadDamage() : nil
        var request = RestoreRequest(
            format: dump.object.format, dump: source(dump, counter, damage),
            globals: globals.map { source($0, counter) },
            target: target, replace: replace, fingerprint: fingerprint, origin: origin,
            manner: manner, now: now, stop: stop)
        request.part = part
        request.originalName = originalName
        (request.damage, request.trace) = (damage, trace)
        do throws(BackupError) { request.properties = try await properties(counter) } catch {
            guard error.code == .notFound || error.code == .integrity else { throw error }
            request.propertiesFailure =
                "what the database itself was (encoding, owner, settings, rights): \(error.message)"
        }
        return try await engine.restore(request)
    }

    /// What the backup says of the database itself; nil when it is from before that was kept.
    private func properties(_ counter: ByteCounter) async throws(BackupError) -> DatabaseProperties? {
        guard let reader = readers.first(where: { $0.object.role == .database }) else { return nil }
        let source = source(reader, counter)
        return try await onThread(stop: stop) { () throws(BackupError) in
            var bytes: [UInt8] = []
            try source { (chunk) throws(BackupError) in
                guard bytes.count + chunk.count <= DatabaseProperties.sizeLimit else {
                    throw BackupError(.integrity, "\(reader.object.name) is too long for a database's properties")
                }
                bytes += chunk
            }
            return try DatabaseProperties(decoding: bytes)
        }
    }

    /// With `damage` bytes that cannot be decoded end the source instead of failing it, unless they are the first.
    private func source(_ reader: ObjectReader, _ counter: ByteCounter, _ damage: ReadDamage? = nil) -> DecodedSource {
        let (check, inspects) = (!skipChecksum, inspects)
        return { (body) throws(BackupError) in
            // psql takes the end of a dump that was cut within a table's rows for the end of those.
            let inspector = inspects ? reader.object.makeInspector() : nil
            var (bytes, isTaken): (Int64, Bool) = (0, true)
            do throws(BackupError) {
                try reader.decode(check: check) { (chunk) throws(BackupError) in
                    counter.add(chunk.count)
                    bytes += Int64(chunk.count)
                    inspector?.consume(chunk)
                    isTaken = false
                    try body(chunk)
                    isTaken = true
                }
            } catch {
                guard let damage, isTaken, error.code == .integrity else { throw error }
                guard bytes > 0 else {
                    throw BackupError(.integrity, "nothing of \(reader.object.name) can be read", cause: error)
                }
                damage.note("\(reader.object.name) cannot be read behind \(AmountText.size(bytes)): \(error)")
            }
            do throws(BackupError) { _ = try inspector?.finish() } catch {
                throw BackupError(error.code, "\(error.message); --skip-checksum restores it all the same")
            }
        }
    }
}
