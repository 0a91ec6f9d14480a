import Domain

/// Fills the materialized views of a rehearsal, as a dump with data does while it loads: which one cannot be filled whatever the rows
/// are, for want of a name or a right, is known by that.
struct RehearsedViews {
    /// Of who loads, to whom all still belongs: nothing in a view runs with more rights than it would in a restore.
    let session: PostgresSession
    let database: String

    private static let most = 200
    private static let longest: Duration = .seconds(300)
    /// Functions, tables, types, columns, rights and schemas that are not there.
    private static let codes: Set = ["42883", "42P01", "42704", "42703", "42501", "3F000"]

    /// In words, each with what to do.
    func failures() async -> [String] {
        var session = session
        session.deadline = .seconds(60)
        let end = ContinuousClock.now + Self.longest
        var failures: [LoadFailure] = []
        do throws(BackupError) {
            // In the order in which they were made: one may read another.
            let views = try await session.ask(
                "SELECT to_json(oid::regclass::text) FROM pg_class WHERE relkind = 'm' ORDER BY oid LIMIT \(Self.most + 1);",
                database: database, as: String.self)
            for (number, view) in views.enumerated() {
                guard number < Self.most, .now < end else {
                    return LoadFailure.words(of: failures) + [
                        "not known: whether the materialized view \(view) and those behind it can be filled; they are too many, or take too long"
                    ]
                }
                do throws(BackupError) {
                    let sql = "REFRESH MATERIALIZED VIEW \(view);"
                    try await session.run(Array(sql.utf8), encoding: "UTF8", database: database)
                } catch {
                    if error.code == .cancelled { throw error }
                    guard let message = error.cause as? ServerMessage, Self.codes.contains(message.code) else {
                        continue
                    }
                    failures.append(
                        LoadFailure(what: "REFRESH MATERIALIZED VIEW \(view)", code: message.code, reason: message.text)
                    )
                }
            }
        } catch {
            return ["not known: whether its materialized views can be filled: \(error)"]
        }
        return LoadFailure.words(of: failures)
    }
}
