import Domain
import GRDB

/// What can be read from the catalog, by noun in the files of this module. Lives for one `read` or `write` only.
package class CatalogView {
    let database: Database

    init(_ database: Database) { self.database = database }
}

/// What can be changed in the catalog, in one transaction; everything that can be read besides.
package final class CatalogUpdate: CatalogView {
    let opened: OpenedConditions

    init(_ database: Database, _ opened: OpenedConditions) {
        self.opened = opened
        super.init(database)
    }

    /// Does this once the transaction is committed, and before the next one begins; never when it is not committed.
    package func afterCommit(_ work: @escaping @Sendable () -> Void) {
        database.afterNextTransaction(onCommit: { _ in work() })
    }

    /// Does all of `body` or, when it throws, nothing of it; the transaction goes on either way. Throws `.usage` for
    /// values that the schema does not take.
    package func separately<Value>(_ body: () throws -> Value) throws -> Value {
        var value: Value?
        do {
            try database.inSavepoint {
                value = try body()
                return .commit
            }
        } catch let error as DatabaseError where Self.ofValues.contains(error.extendedResultCode) {
            throw BackupError(.usage, "it holds a value that cannot be kept")
        }
        guard let value else { throw BackupError(.bug, "a savepoint was left without a value") }
        return value
    }

    /// What only the values can have done. A row that is there twice or refers to nothing is our own fault, or the file's.
    private static let ofValues: [ResultCode] = [
        .SQLITE_CONSTRAINT_CHECK, .SQLITE_CONSTRAINT_NOTNULL, .SQLITE_CONSTRAINT_DATATYPE,
    ]
}
