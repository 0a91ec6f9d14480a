import GRDB

extension CatalogDatabase {
    /// Append-only: never edit a migration that has shipped, add one.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 first") { database in
            for statement in Schema1.statements { try database.execute(sql: statement) }
        }
        return migrator
    }
}
