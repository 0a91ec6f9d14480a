import GRDB

/// What can be read from the catalog, by noun in the files of this module. Lives for one `read` or `write` only.
package class CatalogView {
    let database: Database

    init(_ database: Database) { self.database = database }
}

/// What can be changed in the catalog, in one transaction; everything that can be read besides.
package final class CatalogUpdate: CatalogView {}
