package import Foundation
import GRDB
import Wire

extension CatalogView {
    package func command(_ id: UUID) throws -> CommandRecord? {
        try Row.fetchOne(database, sql: "SELECT * FROM command WHERE id = ?", arguments: [id.text]).map(Self.command)
    }

    /// The newest command that an operation gave.
    package func command(ofOperation id: UUID) throws -> UUID? {
        try String.fetchOne(
            database,
            sql: """
                SELECT id FROM command WHERE operation = ? AND json_extract(body, '$.verb') <> 'cancel'
                ORDER BY createdAt DESC LIMIT 1
                """, arguments: [id.text]
        ).flatMap(UUID.init(uuidString:))
    }

    /// Commands of a run, or of an operation, that have not ended: what was asked for, and the wish to stop it.
    package func openCommands(ofRun run: UUID? = nil, ofOperation operation: UUID? = nil) throws -> [CommandRecord] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM command WHERE finishedAt IS NULL AND \(run == nil ? "operation" : "run") = ?
                ORDER BY createdAt, rowid
                """, arguments: [(run ?? operation)?.text]
        ).map(Self.command)
    }

    /// Whether an operator asked for the end of this operation.
    package func isCancelAsked(ofOperation id: UUID) throws -> Bool {
        try Bool.fetchOne(
            database,
            sql:
                "SELECT EXISTS (SELECT 1 FROM command WHERE operation = ? AND json_extract(body, '$.verb') = 'cancel')",
            arguments: [id.text]) ?? false
    }

    /// Commands that the agent has not said to hold, oldest first, without expired ones.
    package func waitingCommands(for agent: UUID, at now: Date) throws -> [CommandRecord] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM command WHERE agent = ? AND receivedAt IS NULL AND finishedAt IS NULL AND expiresAt > ?
                ORDER BY createdAt, rowid
                """, arguments: [agent.text, now.milliseconds]
        ).map(Self.command)
    }

    /// Commands that have not ended although their time ran out before `time`.
    package func expiredCommands(before time: Date) throws -> [CommandRecord] {
        try Row.fetchAll(
            database,
            sql: "SELECT * FROM command WHERE finishedAt IS NULL AND expiresAt <= ? ORDER BY createdAt, rowid",
            arguments: [time.milliseconds]
        ).map(Self.command)
    }

    /// Commands of operations that have not ended, whether or not their agents hold them.
    package func openOperationCommands() throws -> [CommandRecord] {
        try Row.fetchAll(
            database,
            sql: "SELECT * FROM command WHERE finishedAt IS NULL AND operation IS NOT NULL ORDER BY createdAt, rowid"
        ).map(Self.command)
    }

    private static func command(_ row: Row) throws -> CommandRecord {
        var command = CommandRecord(
            agent: try row.requiredUUID("agent"), command: try row.json("body"), operation: row.uuid("operation"),
            run: row.uuid("run"), createdAt: row.requiredDate("createdAt"))
        command.deliveredAt = row.date("deliveredAt")
        command.receivedAt = row.date("receivedAt")
        return command
    }
}

extension CatalogView {
    /// Whether its agent may still take it, or is at it.
    package func isOpen(command id: UUID) throws -> Bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM command WHERE id = ? AND finishedAt IS NULL)"
        return try Bool.fetchOne(database, sql: sql, arguments: [id.text]) ?? false
    }
}

extension CatalogUpdate {
    package func add(_ record: CommandRecord) throws {
        try database.execute(
            sql: """
                INSERT INTO command (id, agent, operation, run, body, createdAt, expiresAt)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                record.command.id.text, record.agent.text, record.operation?.text, record.run?.text,
                try JSONColumn.encode(record.command), record.createdAt.milliseconds,
                record.command.expiresAt.milliseconds,
            ])
    }

    /// Says which of these are still to be done: those, and only those, may go down now, and count as delivered.
    package func markDelivered(_ ids: [UUID], at now: Date) throws -> Set<UUID> {
        var open: Set<UUID> = []
        for id in ids {
            try database.execute(
                sql: "UPDATE command SET deliveredAt = coalesce(deliveredAt, ?) WHERE id = ? AND finishedAt IS NULL",
                arguments: [now.milliseconds, id.text])
            if database.changesCount > 0 { open.insert(id) }
        }
        return open
    }

    /// Only the agent that a command is for can say so. Ids that it does not have are ignored.
    package func markReceived(_ ids: [UUID], by agent: UUID, at now: Date) throws {
        for id in ids {
            try database.execute(
                sql: "UPDATE command SET receivedAt = coalesce(receivedAt, ?) WHERE id = ? AND agent = ?",
                arguments: [now.milliseconds, id.text, agent.text])
        }
    }

    package func finishCommand(_ id: UUID, at now: Date) throws {
        try database.execute(
            sql: "UPDATE command SET finishedAt = coalesce(finishedAt, ?) WHERE id = ?",
            arguments: [now.milliseconds, id.text])
    }

    /// Ends all commands of an agent and their operations, with this message.
    package func endWork(of agent: UUID, message: String, at now: Date) throws {
        try database.execute(
            sql: "UPDATE command SET finishedAt = ? WHERE agent = ? AND finishedAt IS NULL",
            arguments: [now.milliseconds, agent.text])
        try database.execute(
            sql: """
                UPDATE operation SET state = 'expired', finishedAt = ?, message = ?
                WHERE agent = ? AND state IN ('pending', 'running')
                """, arguments: [now.milliseconds, message, agent.text])
    }

    /// Ends the commands of an operation that has ended.
    package func finishCommands(ofOperation operation: UUID, at now: Date) throws {
        try database.execute(
            sql: "UPDATE command SET finishedAt = ? WHERE operation = ? AND finishedAt IS NULL",
            arguments: [now.milliseconds, operation.text])
    }

    /// Ends the commands of a run that has ended.
    package func finishCommands(ofRun run: UUID, at now: Date) throws {
        try database.execute(
            sql: "UPDATE command SET finishedAt = ? WHERE run = ? AND finishedAt IS NULL",
            arguments: [now.milliseconds, run.text])
    }
}
