import Domain
import Engines
import Logging
import Wire

/// Looks at every database of the host, one after the other.
///
/// A server that refuses (a wrong password, say) is not asked again with every round: many a server locks out who goes on. It is
/// after an hour, and when the configuration was read again.
actor FactsLook {
    private let engines: EngineCatalog
    private let logger: Logger
    private var refused: [DatabaseName: (at: ContinuousClock.Instant, facts: DatabaseFacts)] = [:]

    private static let patience: Duration = .seconds(3600)

    init(engines: EngineCatalog, logger: Logger) {
        self.engines = engines
        self.logger = logger
    }

    func round(_ databases: [DatabaseSetting]) async -> [DatabaseFacts] {
        var facts: [DatabaseFacts] = []
        for setting in databases { facts.append(await look(setting)) }
        return facts
    }

    /// Everything may be another now.
    func forget() { refused = [:] }

    private func look(_ setting: DatabaseSetting) async -> DatabaseFacts {
        if let known = refused[setting.name], known.at.duration(to: .now) < Self.patience { return known.facts }
        refused[setting.name] = nil
        do {
            let engine = try engines.engine(for: setting.name, kind: setting.kind)
            return DatabaseFacts(setting, try await engine.examine(), nil)
        } catch {
            logger.warning(
                "a database cannot be backed up", metadata: ["database": "\(setting.name)", "error": "\(error)"])
            let facts = DatabaseFacts(setting, nil, "\(error)")
            if (error as? BackupError)?.code == .sourceRefused { refused[setting.name] = (.now, facts) }
            return facts
        }
    }
}

extension DatabaseFacts {
    init(_ setting: DatabaseSetting, _ seen: Examination?, _ problem: String?) {
        self.init(
            name: setting.name, kind: setting.kind, labels: setting.labels, serverVersion: seen?.serverVersion,
            tool: seen?.tool, sizeBytes: seen?.sizeBytes, problem: problem)
    }
}
