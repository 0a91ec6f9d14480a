import Foundation
import GRDB

/// Stand-ins for collations and functions that only a database's own program has: Anki sorts by `unicase`, others compute indexes,
/// CHECKs and columns by functions of theirs. With them SQLite can walk all pages; what depends on them cannot be judged.
struct SQLiteStandIns {
    /// More of them are no schema that anybody uses.
    private static let most = 200

    private var names: Set<String> = []
    /// In words.
    private(set) var words: [String] = []

    /// Does the work, anew for each stand-in that it turns out to want, with those that there are by then.
    mutating func supplying<Value>(_ database: Database, _ work: (SQLiteStandIns) throws -> Value) throws -> Value {
        while true {
            do { return try work(self) } catch let error as DatabaseError where supply(database, error.message ?? "") {}
        }
    }

    /// Whether the message says what is missing, and it is there now. SQLite has no code for which it is (resolve.c, expr.c,
    /// callback.c).
    private mutating func supply(_ database: Database, _ message: String) -> Bool {
        guard names.count < Self.most else { return false }
        if let match = message.wholeMatch(of: /no such collation sequence: (.+)/) {
            let name = String(match.1)
            guard names.insert("collation " + name.lowercased()).inserted else { return false }
            database.add(
                collation: DatabaseCollation(name) { one, other in
                    one == other ? .orderedSame : one < other ? .orderedAscending : .orderedDescending
                })
            words.append("collation \(name)")
            return true
        }
        let function = /(?:unknown function: |no such function: |wrong number of arguments to function )(.+?)(?:\(\))?/
        if let match = message.wholeMatch(of: function) {
            let name = String(match.1)
            guard names.insert("function " + name.lowercased()).inserted else { return false }
            database.add(function: DatabaseFunction(name, pure: true) { _ in nil })
            words.append("function \(name)")
            return true
        }
        return false
    }

    /// The tables and indexes that what is missing has a part in.
    func dependents(_ database: Database) throws -> Set<String> {
        try names.reduce(into: []) { all, word in
            let name = word.drop { $0 != " " }.dropFirst()
            all.formUnion(
                try String.fetchAll(
                    database,
                    sql: """
                        SELECT name FROM sqlite_master WHERE tbl_name IN
                        (SELECT tbl_name FROM sqlite_master WHERE instr(lower(sql), ?))
                        """, arguments: [String(name)]))
        }
    }
}
