import GRDB

extension CatalogDatabase {
    /// Append-only: never edit a migration that has shipped, add one.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 first") { database in
            for statement in Schema1.statements { try database.execute(sql: statement) }
        }
        migrator.registerMigration("2 operators have names and ends") { database in
            try database.execute(
                sql:
                    "ALTER TABLE operatorToken ADD COLUMN name TEXT; ALTER TABLE operatorToken ADD COLUMN expiresAt INTEGER"
            )
        }
        migrator.registerMigration("3 operations are found by their backup") { database in
            try database.execute(sql: "CREATE INDEX operationByBackup ON operation (backup, destination)")
        }
        migrator.registerMigration("4 the tiers of a database have summaries") { database in
            for statement in Schema4.statements { try database.execute(sql: statement) }
        }
        migrator.registerMigration("5 messages are found by their channel") { database in
            try database.execute(sql: "CREATE INDEX deliveryByChannel ON delivery (channel, state)")
        }
        // Two tables are made anew, and others refer to them: what refers to what is checked at the end.
        migrator.registerMigration("6 evidence has an age", foreignKeyChecks: .deferred) { database in
            for statement in Schema6.statements { try database.execute(sql: statement) }
        }
        return migrator
    }
}
