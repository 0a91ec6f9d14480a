import Archive
import Catalog
import Domain
import Foundation
import Logging
import Storage
import Threads
import Wire

extension Coordinator {
    /// The commands as they go down to their agent, which now counts as told. A restore's addresses are made here and
    /// now, because whoever holds them can read the backup: they are never stored (P9).
    func deliver(_ records: [CommandRecord], at now: Date) async throws(BackupError) -> [Command] {
        var commands: [Command] = []
        for record in records {
            guard case .restore(let order) = record.command.order, let id = record.operation else {
                commands.append(record.command)
                continue
            }
            do throws(BackupError) {
                commands.append(try await withSources(record.command, order, operation: id))
            } catch {
                logger.warning("restore not delivered", metadata: ["operation": "\(id)", "error": "\(error)"])
                try await failOperation(id, command: record.command.id, error, at: now)
            }
        }
        guard !commands.isEmpty else { return [] }
        // Meanwhile one may have been given up: whoever asked for it was told that it is not done.
        let ids = commands.map(\.id)
        let open = try await catalog.write { try $0.markDelivered(ids, at: now) }
        return commands.filter { open.contains($0.id) }
    }

    func failOperation(
        _ id: UUID, command: UUID?, _ error: BackupError, at now: Date
    ) async throws(BackupError) {
        try await catalog.write { update in
            if let command { try update.finishCommand(command, at: now) }
            guard var operation = try update.operation(id), operation.isOpen else { return }
            operation.state = .failed
            operation.finishedAt = now
            operation.failure = Failure(code: error.code.rawValue, message: error.message)
            try update.save(operation)
        }
    }

    func withSources(
        _ command: Command, _ order: RestoreOrder, operation id: UUID
    ) async throws(BackupError) -> Command {
        let found = try await catalog.read { view in
            guard let operation = try view.operation(id) else {
                throw BackupError(.bug, "a restore's operation vanished")
            }
            return (
                operation, try view.manifest(of: operation.backup),
                try view.copies(of: operation.backup).first { $0.place.name == operation.destination }
            )
        }
        guard let manifest = found.1, let copy = found.2 else {
            throw BackupError(.notFound, "the copy that was to be restored is no longer known")
        }
        var order = order
        // An older agent knows no object of that role, and could read none of its commands any more.
        let isOlder = found.0.agent.flatMap { presence.sightings()[$0]?.restoresParts } != true
        let (world, place, objects) = (
            world, current(copy.place),
            Self.objects(of: manifest, withGlobals: order.withGlobals).filter { !isOlder || $0.role != .database }
        )
        order.sources = try await onThread { () throws(BackupError) in
            try Self.sources(objects, copy, place, world, seconds: Lifetime.restoreAddress)
        }
        return Command(id: command.id, expiresAt: command.expiresAt, order: .restore(order))
    }

    /// Where the copy lies, with the endpoint and CA that the destination has today, if it is still the same bucket.
    func current(_ place: Destination) -> Destination {
        guard let today = fleet.destination(named: place.name), let new = today.s3, let old = place.s3,
            new.bucket == old.bucket
        else { return place }
        return today
    }

    static func objects(of manifest: Manifest, withGlobals: Bool) -> [Manifest.Object] {
        manifest.objects.filter { withGlobals || $0.role != .globals }
    }

    private static func sources(
        _ objects: [Manifest.Object], _ copy: CopyRecord, _ place: Destination, _ world: CoordinatorWorld, seconds: Int
    ) throws(BackupError) -> [ObjectSource] {
        var sources: [ObjectSource] = []
        for object in objects {
            if let directory = place.directory {
                sources.append(ObjectSource(object: object, directory: directory, key: copy.folder + object.name))
            } else if let s3 = place.s3 {
                let url = try world.presign(s3, copy.folder + object.name, seconds)
                sources.append(ObjectSource(object: object, url: url, ca: try pem(s3.caFile)))
            }
        }
        return sources
    }

    private static func pem(_ file: String?) throws(BackupError) -> String? {
        guard let file else { return nil }
        do {
            return try String(contentsOf: URL(filePath: file), encoding: .utf8)
        } catch {
            throw BackupError(.configuration, "reading the CA file \(file)", cause: error)
        }
    }
}

extension CommandRecord {
    /// Who asked may have left: a restore that did not go down at once is not done by itself later, over what was written since.
    func isLateRestore(at now: Date) -> Bool {
        command.restore != nil && deliveredAt == nil && now.timeIntervalSince(createdAt) > SilenceRule.restore
    }
}

/// How long commands and addresses live, in seconds.
enum Lifetime {
    static let backup = 3600
    static let cancel = 3600
    static let verify = 6 * 3600
    static let restore = 3600
    static let delete = 24 * 3600
    static let discard = 600
    /// Whoever has the address has the object, so it is short; the agent asks anew while it works.
    static let restoreAddress = 15 * 60
    /// For so long an agent that fell silent may still be at work on a restore.
    static let restoreWork = 12 * 3600
}
