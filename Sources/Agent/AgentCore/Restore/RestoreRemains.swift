package import Domain
package import Engines
package import Foundation
package import Threads

/// What restores on this host left: debris of those that died, what they had loaded, and what they replaced and keep beside.
package struct RestoreRemains: Sendable {
    /// One thing that a restore left.
    package struct Item: Sendable {
        package enum Kind: String, Sendable, Codable {
            /// Of a restore that died before all was loaded.
            case debris
            /// Loaded and checked, and without the name that it was to have.
            case loaded
            /// What had the name that the restored one has now.
            case replaced
        }

        package let kind: Kind
        package let record: RestoreRecord
        package let thing: RestoreThing
        package var bytes: Int64?
        /// Why it cannot be removed now, in words.
        package var obstacle: String?
        let held: RestoreJournal.Held

        /// Since when it lies there.
        package var since: Date { kind == .replaced ? record.keptAt ?? record.beganAt : record.beganAt }
    }

    /// What a look found.
    package struct Found: Sendable {
        package var items: [Item] = []
        /// What could not be looked at, each with its reason.
        package var unknown: [String] = []
    }

    let journal: RestoreJournal
    let configuration: AgentConfiguration
    let paths: AgentPaths
    let stop: StopSignal
    /// The server of the only restore that is looked at; nil for those that the configuration names.
    var engine: PostgresEngine?

    package init(
        journal: RestoreJournal, configuration: AgentConfiguration, paths: AgentPaths, stop: StopSignal = StopSignal()
    ) {
        self.journal = journal
        self.configuration = configuration
        self.paths = paths
        self.stop = stop
    }

    /// Looks at everything that the journal knows, and forgets what is not there any more. What is at work is left out.
    package func look() async throws(BackupError) -> Found {
        let (held, damaged) = try journal.idle()
        var found = Found(unknown: damaged)
        for one in held { await look(one, &found) }
        return found
    }

    /// Removes one thing that a person or its own nature gave up. Throws `.busy` for what is in use.
    package func remove(_ item: Item) async throws(BackupError) {
        if item.thing.isPath {
            try await onThread { () throws(BackupError) in try PathThing.remove(item.thing) }
        } else {
            try await server(of: item.record).remove(item.thing, isDebris: item.kind == .debris)
        }
        try settle(item)
    }

    /// The record of what was removed, without it.
    private func settle(_ item: Item) throws(BackupError) {
        // Others of the same restore may have been removed meanwhile, under the same lock.
        guard var record = try journal.read(item.record.id) else { return }
        if record.kept == item.thing { record.kept = nil }
        record.made.removeAll { $0 == item.thing }
        var held = item.held
        held.record = record
        if record.isEmpty { journal.forget(held) } else { try journal.save(record) }
    }

    func look(_ held: RestoreJournal.Held, _ found: inout Found) async {
        let record = held.record
        var left = record
        var server: PostgresThing?
        var hasDatabase = false
        // Roles last: what belongs to them goes before.
        let made = record.made.sorted { $0.kind != .role && $1.kind == .role }
        for (thing, isKept) in made.map({ ($0, false) }) + (record.kept.map { [($0, true)] } ?? []) {
            var kind: Item.Kind = isKept ? .replaced : record.isLoaded ? .loaded : .debris
            do throws(BackupError) {
                let state: RestoreThing.State
                if thing.isPath {
                    state = await onThread { PathThing.look(at: thing) }
                } else {
                    let there: PostgresThing
                    if let server { there = server } else { there = try await self.server(of: record) }
                    server = there
                    state = try await there.look(at: thing, isDebris: kind == .debris)
                }
                switch state {
                case .gone:
                    if isKept { left.kept = nil } else { left.made.removeAll { $0 == thing } }
                case .there(let bytes, var obstacle):
                    hasDatabase = hasDatabase || thing.kind == .database
                    // A role goes when its database has gone, or got its name.
                    if thing.kind == .role, kind == .loaded {
                        if hasDatabase { continue }
                        kind = .debris
                    }
                    if kind == .debris, !thing.hasScratchName {
                        obstacle = "it has a name that others use, so that it is not dropped by itself"
                    }
                    found.items.append(
                        Item(kind: kind, record: record, thing: thing, bytes: bytes, obstacle: obstacle, held: held))
                }
            } catch {
                found.unknown.append("\(thing.words), of \(record.words): \(error.message)")
            }
        }
        guard left != record else { return }
        var rest = held
        rest.record = left
        // What cannot be written down is found again.
        if left.isEmpty { journal.forget(rest) } else { try? journal.save(left) }
    }

    private func server(of record: RestoreRecord) async throws(BackupError) -> PostgresThing {
        if let engine { return try await PostgresThing(engine, stop: stop) }
        var engines: [PostgresEngine] = []
        for setting in configuration.databases where setting.kind == .postgres {
            // One whose url is missing is no server that could be asked.
            if let engine = try? EngineCatalog.engine(setting, paths: paths) as? PostgresEngine {
                engines.append(engine)
            }
        }
        func isThere(_ engine: PostgresEngine, _ form: (String) -> Substring) -> Bool {
            form("\(engine.connection)") == record.server.map(form)
        }
        // The same server by another role is better than none.
        let engine =
            engines.first { isThere($0) { $0[...] } }
            ?? engines.first { isThere($0) { $0.split(separator: "@").last ?? "" } }
        guard let engine else {
            throw BackupError(
                .notFound,
                "it is on the server \(record.server ?? "that is not known"), which agent.yaml does not name: look there, and drop it"
            )
        }
        return try await PostgresThing(engine, stop: stop)
    }
}

extension RestoreThing {
    var isPath: Bool { kind == .file || kind == .folder }
}

extension RestoreRemains.Item {
    /// The thing with its size and age, for people.
    package func words(now: Date) -> String {
        let size = bytes.map { "\(AmountText.size($0)), " } ?? ""
        return "\(thing.words) (\(size)since \(SpanText.of(now.timeIntervalSince(since))))"
    }
}
