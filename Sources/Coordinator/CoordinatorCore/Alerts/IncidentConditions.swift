import Catalog
import Domain
import Foundation
import Wire

enum IncidentKind {
    static let failed = "failed"
    static let overdue = "overdue"
    static let offline = "offline"
    static let damaged = "damaged"
    static let identity = "identity"
    static let undeleted = "undeleted"
    static let missing = "missing"
    static let altered = "altered"
    static let shrunk = "shrunk"
    static let empty = "empty"
    static let noted = "noted"
    static let unprobed = "unprobed"
    static let stray = "stray"
    static let clone = "clone"
    static let nameTaken = "name-taken"
    static let unlooked = "unlooked"
    static let older = "older"
    static let share = "cleanup-share"
    static let uncopied = "catalog-uncopied"
    static let lacking = "catalog-lacking"
    static let announced = "cleanup-announced"
    static let gone = "gone"
    static let trouble = "trouble"
    static let refusedReports = "refused-reports"

    /// Something is wrong with what is stored of a database: until a person has looked, nothing of it is deleted.
    static let evidence = [damaged, missing, altered]
    /// What only asks to be looked at.
    static let endedByAcknowledgement = [shrunk, empty, noted, older, nameTaken]
}

/// What makes two incidents the same one.
enum IncidentKey {
    static func failed(_ database: DatabaseRecord) -> String { "failed:\(database.id)" }
    /// What the key of an overdue database begins with; behind it stands what of it is.
    static func overdue(_ database: DatabaseRecord) -> String { "overdue:\(database.id)" }
    static func overdue(_ database: DatabaseRecord, _ missing: Set<String>) -> String {
        "\(overdue(database)):\(missing.sorted().joined(separator: ","))"
    }
    static func offline(_ agent: UUID) -> String { "offline:\(agent.uuidString.lowercased())" }
    static func identity(_ agent: UUID) -> String { "identity:\(agent.uuidString.lowercased())" }
    static func damaged(_ backup: UUID) -> String { "damaged:\(backup.uuidString.lowercased())" }
    static func missing(_ backup: UUID) -> String { "missing:\(backup.uuidString.lowercased())" }
    static func altered(_ backup: UUID) -> String { "altered:\(backup.uuidString.lowercased())" }
    /// What a backup that is gone can have left open.
    static func all(of backup: UUID) -> [String] { [damaged(backup), missing(backup), altered(backup)] }
    static func shrunk(_ database: DatabaseRecord) -> String { "shrunk:\(database.id)" }
    static func empty(_ database: DatabaseRecord) -> String { "empty:\(database.id)" }
    static func noted(_ database: DatabaseRecord) -> String { "noted:\(database.id)" }
    static func unprobed(_ destination: String) -> String { "unprobed:\(destination)" }
    static func uncopied(_ place: String) -> String { "catalog-uncopied:\(place)" }
    static let lacking = "catalog-lacking"
    static let waiting = "catalog-lacking:hosts"
    static func share(_ database: DatabaseRecord) -> String { "cleanup-share:\(database.id)" }
    static func gone(_ database: DatabaseRecord) -> String { "gone:\(database.id)" }
    static func stray(_ agent: UUID, _ place: String) -> String { "stray:\(agent.uuidString.lowercased()):\(place)" }
    static func name(_ agent: UUID) -> String { "name-taken:\(agent.uuidString.lowercased())" }
    /// One for a host and a destination.
    static func unlooked(_ agent: UUID, _ place: String) -> String {
        "unlooked:\(agent.uuidString.lowercased()):\(place)"
    }
    static func clone(_ agent: UUID) -> String { "clone:\(agent.uuidString.lowercased())" }
    static func older(_ agent: UUID) -> String { "older:\(agent.uuidString.lowercased())" }
    static func trouble(_ agent: UUID) -> String { "trouble:\(agent.uuidString.lowercased())" }
    static func refusedReports(_ agent: UUID) -> String { "refused-reports:\(agent.uuidString.lowercased())" }
    static let announced = "cleanup-announced"
    /// One for a host and a destination: what keeps one backup there mostly keeps all.
    static func undeleted(_ agent: UUID, _ destination: String) -> String {
        "undeleted:\(agent.uuidString.lowercased()):\(destination)"
    }

    static func database(ofFailed key: String) -> Int64? {
        key.hasPrefix("failed:") ? Int64(key.dropFirst("failed:".count)) : nil
    }

    /// What was overdue when the incident was told.
    static func missing(ofOverdue key: String) -> Set<String> {
        Set(key.split(separator: ":", maxSplits: 2).dropFirst(2).joined().split(separator: ",").map(String.init))
    }

    static func agent(ofOffline key: String) -> UUID? {
        key.hasPrefix("offline:") ? UUID(uuidString: String(key.dropFirst("offline:".count))) : nil
    }
}

extension IncidentCondition {
    static func failed(_ database: DatabaseRecord, error: String) -> Self {
        Self(
            key: IncidentKey.failed(database), kind: IncidentKind.failed, isCritical: true, agent: database.agentName,
            database: database.name.rawValue, environment: database.environment,
            title: "Backup of \(database.name) on \(database.agentName) failed", detail: error)
    }

    /// `offline` says that the host is, when it is.
    static func overdue(_ database: DatabaseRecord, _ overdue: Protection.Overdue, offline: String? = nil) -> Self {
        Self(
            key: IncidentKey.overdue(database, overdue.missing), kind: IncidentKind.overdue, isCritical: true,
            agent: database.agentName, database: database.name.rawValue, environment: database.environment,
            title: "Backup of \(database.name) on \(database.agentName) is overdue",
            detail: (offline.map { $0 + "; " } ?? "") + overdue.reason)
    }

    static func offline(_ agent: AgentRecord, lastSeenAt: Date?) -> Self {
        Self(
            key: IncidentKey.offline(agent.id), kind: IncidentKind.offline, isCritical: false, agent: agent.name,
            environment: agent.labels["env"], title: "Agent \(agent.name) is offline",
            detail: lastSeenAt.map { "last seen \(Timestamp.seconds($0))" } ?? "never seen since it joined")
    }

    static func damaged(_ backup: BackupRecord, _ database: DatabaseRecord, finding: String) -> Self {
        Self(
            key: IncidentKey.damaged(backup.id), kind: IncidentKind.damaged, isCritical: true,
            agent: database.agentName, database: database.name.rawValue, environment: database.environment,
            title: "A backup of \(database.name) on \(database.agentName) is damaged",
            detail: "backup \(backup.id.uuidString.lowercased()): \(finding)", subject: backup.id)
    }

    static func missing(_ backup: BackupRecord, _ database: DatabaseRecord, finding: String) -> Self {
        Self(
            key: IncidentKey.missing(backup.id), kind: IncidentKind.missing, isCritical: true,
            agent: database.agentName, database: database.name.rawValue, environment: database.environment,
            title: "A backup of \(database.name) on \(database.agentName) is missing",
            detail:
                "backup \(backup.id.uuidString.lowercased()): \(finding); nothing of this database is deleted meanwhile. Put "
                + "it back, or `holdfast alert ack` this when it is lost", subject: backup.id)
    }

    static func altered(_ backup: BackupRecord, _ database: DatabaseRecord, finding: String) -> Self {
        Self(
            key: IncidentKey.altered(backup.id), kind: IncidentKind.altered, isCritical: true,
            agent: database.agentName, database: database.name.rawValue, environment: database.environment,
            title: "What is said of backups of \(database.name) on \(database.agentName) does not add up",
            detail:
                "backup \(backup.id.uuidString.lowercased()): \(finding); nothing of this database is deleted until somebody "
                + "has looked and acknowledged this with `holdfast alert ack`", subject: backup.id)
    }

    static func clone(_ agent: AgentRecord, _ processes: AgentProcesses) -> Self {
        let known = ([processes.current].compactMap(\.self) + processes.earlier.prefix(3)).map {
            "\($0.process.instance.uuidString.lowercased()) on host \($0.process.host.prefix(63)), heard from "
                + Timestamp.seconds($0.firstAt)
        }
        return Self(
            key: IncidentKey.clone(agent.id), kind: IncidentKind.clone, isCritical: true, agent: agent.name,
            environment: agent.labels["env"], title: "Two hosts speak as agent \(agent.name)",
            detail:
                "its data directory was copied, and both copies run: they go on backing up, and nothing of either is taken into "
                + "the catalog. Stop the wrong one, and choose with `holdfast agent resolve \(agent.name) --keep INSTANCE`: "
                + known.joined(separator: "; "))
    }

    static func older(_ agent: AgentRecord, _ process: AgentProcess) -> Self {
        Self(
            key: IncidentKey.older(agent.id), kind: IncidentKind.older, isCritical: false, agent: agent.name,
            environment: agent.labels["env"], title: "Agent \(agent.name) came back with an older state",
            detail:
                "its data directory on host \(process.host.prefix(63)) is from before start \(process.generation + 1): a snapshot "
                + "was restored there. Reports from in between may be missing")
    }

    static func strays(_ count: StrayCount, _ agent: AgentRecord) -> Self {
        let what =
            count.manifests > 0
            ? "\(CountText.of(count.manifests, "backup")) that the catalog does not know"
            : "\(CountText.of(count.others, "object")) of no backup"
        let remedy =
            count.manifests > 0
            ? "They can be restored with `holdfast-agent restore`, and adopted by a later release"
            : "Nobody needs them; they are not deleted by themselves"
        return Self(
            key: IncidentKey.stray(agent.id, count.place), kind: IncidentKind.stray, isCritical: false,
            agent: agent.name,
            environment: agent.labels["env"],
            title: "\(what.prefix(1).uppercased() + what.dropFirst()) of \(agent.name)",
            detail:
                "destination \(count.place), for one \(count.example); \(count.manifests) manifests and \(count.others) other "
                + "objects, \(count.bytes) bytes, since more than a day. \(remedy)")
    }

    static func unlooked(_ agent: AgentRecord, _ folder: CopyFolder, _ failure: String?) -> Self {
        Self(
            key: IncidentKey.unlooked(agent.id, folder.place.name), kind: IncidentKind.unlooked, isCritical: false,
            agent: agent.name, environment: agent.labels["env"],
            title: "Backups of \(agent.name) in \(folder.place.name) could not be looked at for a day",
            detail:
                "whether they are still there is not known: \(failure ?? "the rounds do not come to it"). Folder \(folder.folder)"
        )
    }

    static func undeleted(
        _ backup: BackupRecord, _ database: DatabaseRecord, _ destination: String, reason: String
    ) -> Self {
        Self(
            key: IncidentKey.undeleted(database.agent, destination), kind: IncidentKind.undeleted, isCritical: false,
            agent: database.agentName, environment: database.environment,
            title: "Expired backups cannot be deleted on \(database.agentName)",
            detail:
                "destination \(destination), backup \(backup.id.uuidString.lowercased()) of \(database.name) for one, asked for "
                + "since a day: \(reason)")
    }

    static func shrunk(_ database: DatabaseRecord, before: BackupRecord, now: UUID, _ finding: String) -> Self {
        Self(
            key: IncidentKey.shrunk(database), kind: IncidentKind.shrunk, isCritical: true, agent: database.agentName,
            database: database.name.rawValue, environment: database.environment,
            title: "\(database.name) on \(database.agentName) has shrunk",
            detail:
                "backup \(now.uuidString.lowercased()) has \(finding). Backup \(before.id.uuidString.lowercased()) from before "
                + "is held until this is acknowledged with `holdfast alert ack`", subject: before.id)
    }

    static func noted(_ database: DatabaseRecord, backup: UUID, _ notes: String) -> Self {
        Self(
            key: IncidentKey.noted(database), kind: IncidentKind.noted, isCritical: false, agent: database.agentName,
            database: database.name.rawValue, environment: database.environment,
            title: "Backups of \(database.name) on \(database.agentName) are good, with something to know of",
            detail:
                "since backup \(backup.uuidString.lowercased()): \(notes). When that is as it should be, "
                + "acknowledge this with `holdfast alert ack`: only what is new after that is told again",
            subject: backup)
    }

    static func unprobed(_ destination: String, _ record: StoreProbeRecord) -> Self {
        let age = record.foundAt.map { "what is known is of \(Timestamp.seconds($0))" } ?? "nothing is known of it yet"
        return Self(
            key: IncidentKey.unprobed(destination), kind: IncidentKind.unprobed, isCritical: false,
            title: "What the store of destination \(destination) does cannot be found out",
            detail:
                "\(record.failure ?? "no probe came to its end"); \(age). Give the coordinator's credentials the rights in "
                + "deploy/examples (PutObject and DeleteObject under .holdfast/); `holdfast destination show \(destination)`"
        )
    }

    static func empty(_ database: DatabaseRecord) -> Self {
        Self(
            key: IncidentKey.empty(database), kind: IncidentKind.empty, isCritical: false, agent: database.agentName,
            database: database.name.rawValue, environment: database.environment,
            title: "\(database.name) on \(database.agentName) is empty",
            detail: "the SQLite file has no table; is it the right one? If it is, `holdfast alert ack` this")
    }

    static func gone(_ database: DatabaseRecord, since: Date) -> Self {
        let what = database.goneAt == nil ? "is selected by no policy" : "is no longer declared by its agent"
        return Self(
            key: IncidentKey.gone(database), kind: IncidentKind.gone, isCritical: true, agent: database.agentName,
            database: database.name.rawValue, environment: database.environment,
            title: "\(database.name) on \(database.agentName) \(what)",
            detail:
                "since \(Timestamp.seconds(since)); it is not backed up. If that is meant: holdfast database retire "
                + "\(database.name) --agent \(database.agentName)")
    }

    static func trouble(_ agent: AgentRecord, _ words: String) -> Self {
        Self(
            key: IncidentKey.trouble(agent.id), kind: IncidentKind.trouble, isCritical: true, agent: agent.name,
            environment: agent.labels["env"], title: "Agent \(agent.name) cannot work", detail: words)
    }

    static func refusedReports(_ agent: AgentRecord, _ count: Int) -> Self {
        Self(
            key: IncidentKey.refusedReports(agent.id), kind: IncidentKind.refusedReports, isCritical: true,
            agent: agent.name, environment: agent.labels["env"],
            title: "\(CountText.of(count, "report")) of \(agent.name) could not be taken",
            detail:
                "they lie in spool/refused-* of its data directory; the log there and `holdfast-agent` name the reason. Once it is "
                + "mended, rename them back (without `refused-`) and restart the agent, or remove them")
    }

    static func share(_ database: DatabaseRecord, _ words: String) -> Self {
        Self(
            key: IncidentKey.share(database), kind: IncidentKind.share, isCritical: false, agent: database.agentName,
            database: database.name.rawValue, environment: database.environment,
            title: "Automatic cleanup of \(database.name) on \(database.agentName) rests", detail: words)
    }

    /// `databases` names the database of every backup that will go.
    static func announced(_ databases: [String], at time: Date) -> Self {
        let counts = Dictionary(grouping: databases, by: { $0 }).mapValues(\.count).sorted { $0.key < $1.key }
        let list = counts.prefix(40).map { "\($0.value) of \($0.key)" }.joined(separator: "; ")
        return Self(
            key: IncidentKey.announced, kind: IncidentKind.announced, isCritical: false,
            title:
                "Automatic cleanup will delete \(CountText.of(databases.count, "backup")) from \(Timestamp.seconds(time)) on",
            detail:
                "\(list)\(counts.count > 40 ? "; and more" : ""). `holdfast cleanup --dry-run` shows each with its reason; to "
                + "keep them, change `keep`, pin them, or set `retention: { automatic: false }`")
    }

    static func identityClash(_ agent: AgentRecord, remote: String) -> Self {
        Self(
            key: IncidentKey.identity(agent.id), kind: IncidentKind.identity, isCritical: true,
            agent: agent.name, environment: agent.labels["env"],
            title: "Another key claims to be agent \(agent.name)",
            detail: "a host at \(remote) tried to join with this agent's id and a key of its own; it was refused")
    }

    /// Whoever holds a join string can take a revoked host's name, and what is said of its backups from then on is theirs.
    static func nameTaken(_ agent: AgentRecord, remote: String) -> Self {
        Self(
            key: IncidentKey.name(agent.id), kind: IncidentKind.nameTaken, isCritical: false,
            agent: agent.name, environment: agent.labels["env"],
            title: "A new host took the name of \(agent.name), which was revoked",
            detail:
                "a host at \(remote) joined under it, and the backups of before are under it, too. If that is meant, `holdfast alert "
                + "ack` this; if not: holdfast agent revoke \(agent.name)")
    }

    /// Somebody else has the key.
    static func stranger(_ agent: AgentRecord) -> Self {
        Self(
            key: IncidentKey.identity(agent.id), kind: IncidentKind.identity, isCritical: true,
            agent: agent.name, environment: agent.labels["env"],
            title: "Another process asks in the name of \(agent.name)",
            detail:
                "a process that is not the agent's own has its certificate and key, and asked for what is the agent's alone; it was "
                + "refused. If the key was copied, join the host anew with `holdfast token create --replace \(agent.name)`"
        )
    }

    static func succeeded(_ database: DatabaseRecord, bytes: Int64) -> Self {
        Self(
            key: "", kind: "succeeded", isCritical: false, agent: database.agentName, database: database.name.rawValue,
            environment: database.environment, title: "Backup of \(database.name) on \(database.agentName) succeeded",
            detail: "\(bytes) bytes stored")
    }
}

extension DatabaseRecord {
    /// What alerts call the environment: the label `env`.
    var environment: String? { allLabels["env"] }
}
