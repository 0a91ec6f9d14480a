package import Foundation
import GRDB

extension CatalogView {
    /// Open incidents, or resolved ones too: the newest `limit`, newest first; of one agent if its name is given, and only what
    /// is older than the incident `before`, to go on from there.
    package func incidents(
        includeResolved: Bool, agent: String? = nil, before: Int64? = nil, limit: Int
    ) throws -> [IncidentRecord] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM incident WHERE \(includeResolved ? "1" : "resolvedAt IS NULL")
                    AND (?1 IS NULL OR agent = ?1)
                    AND (?2 IS NULL OR (openedAt, id) < (SELECT openedAt, id FROM incident WHERE id = ?2))
                ORDER BY openedAt DESC, id DESC LIMIT ?3
                """, arguments: [agent, before, limit]
        ).map(Self.incident)
    }

    /// Open incidents, at most `limit`: the newest of each agent before the second newest of any, critical ones before all. One
    /// host's cannot crowd out the others'.
    package func fairIncidents(limit: Int) throws -> [IncidentRecord] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT *, row_number() OVER (PARTITION BY agent, severity ORDER BY openedAt DESC, id DESC) AS turn
                FROM incident WHERE resolvedAt IS NULL
                ORDER BY turn, severity = 'critical' DESC, openedAt DESC, id DESC LIMIT ?
                """, arguments: [limit]
        ).map(Self.incident).sorted { ($0.openedAt, $0.id) > ($1.openedAt, $1.id) }
    }

    /// Keys of the open incidents of one kind; of those only that were opened before a time, if one is given.
    package func openIncidentKeys(kind: String, openedBefore time: Date = .distantFuture) throws -> Set<String> {
        try Set(
            String.fetchAll(
                database, sql: "SELECT key FROM incident WHERE resolvedAt IS NULL AND kind = ? AND openedAt < ?",
                arguments: [kind, time.milliseconds]))
    }

    /// The open incident of this key, or of a key that adds to it after a colon.
    package func openIncidentKey(beginning key: String) throws -> String? {
        try String.fetchOne(
            database,
            // Two searches in the index of open ones; ';' comes behind ':'.
            sql: """
                SELECT key FROM incident WHERE resolvedAt IS NULL AND key = ?1 UNION ALL
                SELECT key FROM incident WHERE resolvedAt IS NULL AND key > ?1 || ':' AND key < ?1 || ';'
                """, arguments: [key])
    }

    package func openIncidentCount(onlyCritical: Bool = false) throws -> Int {
        try Int.fetchOne(
            database,
            sql: "SELECT count(*) FROM incident WHERE resolvedAt IS NULL"
                + (onlyCritical ? " AND severity = 'critical' AND acknowledgedAt IS NULL" : "")) ?? 0
    }

    package func incident(_ id: Int64) throws -> IncidentRecord? {
        try Row.fetchOne(database, sql: "SELECT * FROM incident WHERE id = ?", arguments: [id]).map(Self.incident)
    }

    package func openIncident(key: String) throws -> IncidentRecord? {
        try Row.fetchOne(database, sql: "SELECT * FROM incident WHERE key = ? AND resolvedAt IS NULL", arguments: [key])
            .map(Self.incident)
    }

    /// Open incidents about a backup of this database, of these kinds.
    package func openIncidents(ofDatabase id: Int64, kinds: [String]) throws -> [IncidentRecord] {
        let marks = Array(repeating: "?", count: kinds.count).joined(separator: ", ")
        return try Row.fetchAll(
            database,
            sql: """
                SELECT incident.* FROM incident JOIN backup ON backup.id = incident.subject
                WHERE incident.resolvedAt IS NULL AND incident.subject IS NOT NULL AND backup.database = ?
                    AND incident.kind IN (\(marks)) ORDER BY incident.id
                """, arguments: [id] + StatementArguments(kinds)
        ).map(Self.incident)
    }

    private static func incident(_ row: Row) -> IncidentRecord {
        IncidentRecord(
            id: row["id"],
            condition: IncidentCondition(
                key: row["key"], kind: row["kind"], isCritical: row["severity"] == "critical", agent: row["agent"],
                database: row["database"], environment: row["environment"], title: row["title"], detail: row["detail"],
                subject: row.uuid("subject")),
            openedAt: row.requiredDate("openedAt"), resolvedAt: row.date("resolvedAt"),
            acknowledgedAt: row.date("acknowledgedAt"), acknowledgedBy: row["acknowledgedBy"])
    }
}

extension CatalogUpdate {
    /// Opens an incident, with one message a channel in the outbox. An open one of the same key is brought up to date
    /// and says nothing again.
    package func open(_ condition: IncidentCondition, channels: [String], at now: Date) throws {
        // What cannot be read may be news, and nothing of it will be written: then it is told from memory.
        if (try? openIncident(key: condition.key)) == nil { opened.add(condition) }
        try database.execute(
            sql: "UPDATE incident SET title = ?, detail = ?, severity = ? WHERE key = ? AND resolvedAt IS NULL",
            arguments: [condition.title, condition.detail, condition.severity, condition.key])
        guard database.changesCount == 0 else { return }
        try database.execute(
            sql: """
                INSERT INTO incident (key, kind, severity, agent, database, environment, title, detail, openedAt, subject)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                condition.key, condition.kind, condition.severity, condition.agent, condition.database,
                condition.environment, condition.title, condition.detail, now.milliseconds, condition.subject?.text,
            ])
        try send(condition, incident: database.lastInsertedRowID, channels: channels, at: now)
    }

    /// The same, of something that was found: an open incident of the same key gains the finding, and one that somebody has
    /// acknowledged is news again, unless that was found before. With `tellsAgain` each finding is a message of its own.
    package func open(
        _ condition: IncidentCondition, finding: String, tellsAgain: Bool = false, channels: [String], at now: Date
    ) throws {
        // What cannot be read may be news.
        guard let known = (try? openIncident(key: condition.key)) ?? nil else {
            return try open(condition, channels: channels, at: now)
        }
        let detail = known.condition.detail
        guard !detail.contains(finding) else { return }
        var more = condition
        // What does not fit any more is news all the same.
        more.detail = detail.utf8.count < Self.mostFindings ? "\(detail). And: \(finding)" : detail
        try database.execute(
            sql: """
                UPDATE incident SET detail = ?, severity = ?, acknowledgedAt = NULL, acknowledgedBy = NULL WHERE id = ?
                """, arguments: [more.detail, more.severity, known.id])
        if tellsAgain {
            // Of what was found before, everybody has heard.
            try send(condition, incident: known.id, channels: channels, at: now)
        } else if known.acknowledgedAt != nil {
            try send(more, incident: known.id, channels: channels, at: now)
        }
    }

    /// Bytes of findings that one incident holds.
    private static var mostFindings: Int { 4000 }

    /// The open incident goes on under another key and other words, and says nothing again.
    package func reword(key: String, as condition: IncidentCondition) throws {
        try database.execute(
            sql: "UPDATE incident SET key = ?, title = ?, detail = ? WHERE key = ? AND resolvedAt IS NULL",
            arguments: [condition.key, condition.title, condition.detail, key])
    }

    /// Resolves the open incident of this key, if there is one.
    package func resolve(key: String, at now: Date) throws {
        try database.execute(
            sql: "UPDATE incident SET resolvedAt = ? WHERE key = ? AND resolvedAt IS NULL",
            arguments: [now.milliseconds, key])
    }

    /// Puts a message that the incident is over into the outbox, for each channel that took one of its beginning.
    package func announceEnd(of incident: Int64, _ words: IncidentCondition, at now: Date) throws {
        try database.execute(
            sql: """
                INSERT INTO delivery (incident, channel, kind, agent, database, environment, title, detail, state,
                    createdAt, nextAt)
                SELECT DISTINCT incident, channel, 'success', ?2, ?3, ?4, ?5, ?6, 'pending', ?7, ?7 FROM delivery
                WHERE incident = ?1 AND kind = 'opened' AND state = 'sent'
                """,
            arguments: [
                incident, words.agent, words.database, words.environment, words.title, words.detail, now.milliseconds,
            ])
    }

    /// A person knows of it.
    package func acknowledge(_ id: Int64, by actor: String, at now: Date) throws {
        try database.execute(
            sql: """
                UPDATE incident SET acknowledgedAt = coalesce(acknowledgedAt, ?), acknowledgedBy = coalesce(acknowledgedBy, ?)
                WHERE id = ?
                """, arguments: [now.milliseconds, actor, id])
    }

    /// Puts a message of success into the outbox.
    package func announce(_ condition: IncidentCondition, channels: [String], at now: Date) throws {
        try send(condition, incident: nil, channels: channels, at: now)
    }

    /// Puts a message for each of these channels into the outbox for every open incident that none was made of: the channel is
    /// newer than the incident.
    package func tellOpenIncidents(to channels: [String], at now: Date) throws {
        for channel in channels {
            try database.execute(
                sql: """
                    INSERT INTO delivery (incident, channel, kind, agent, database, environment, title, detail, state,
                        createdAt, nextAt)
                    SELECT id, ?1, 'opened', agent, database, environment, title, detail, 'pending', ?2, ?2 FROM incident
                    WHERE resolvedAt IS NULL
                        AND NOT EXISTS (SELECT * FROM delivery WHERE incident = incident.id AND channel = ?1)
                    -- The sign keeps it off the index by time, which holds all that ever was.
                    ORDER BY +openedAt, id
                    """, arguments: [channel, now.milliseconds])
        }
    }

    private func send(_ condition: IncidentCondition, incident: Int64?, channels: [String], at now: Date) throws {
        for channel in channels {
            try database.execute(
                sql: """
                    INSERT INTO delivery (incident, channel, kind, agent, database, environment, title, detail, state,
                        createdAt, nextAt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?)
                    """,
                arguments: [
                    incident, channel, incident == nil ? "success" : "opened", condition.agent, condition.database,
                    condition.environment, condition.title, condition.detail, now.milliseconds, now.milliseconds,
                ])
        }
    }
}

extension IncidentCondition {
    fileprivate var severity: String { isCritical ? "critical" : "warning" }
}
