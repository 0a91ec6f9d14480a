/// Something of a dump that could not be carried out.
struct LoadFailure: Sendable, Equatable {
    /// How its statement begins, or what it makes; nil when that is not known.
    var what: String?
    /// SQLSTATE; empty when the server was not asked.
    var code: String
    var reason: String

    var words: String {
        (what.map { "\($0): " } ?? "") + reason + (code.isEmpty ? "" : " (\(code))")
    }

    /// For the operator, one for each: statement, reason, and what can be done, which is said once.
    static func words(of failures: [LoadFailure]) -> [String] {
        var told: Set<String> = []
        return failures.map { failure in
            guard let remedy = failure.remedy, told.insert(remedy).inserted else { return failure.words }
            return "\(failure.words) [\(remedy)]"
        }
    }

    /// What can be done about it; nil where the reason says it.
    var remedy: String? {
        if reason.contains("--trust-origin") || reason.contains("--into-original-name") { return nil }
        let isCopy = what?.hasPrefix("COPY") == true
        switch code {
        case _ where reason.contains("can only create extension in database"):
            return
                "it works in one database only: restore with --into-original-name, or let the server's settings name this one"
        case "42704" where reason.hasPrefix("role "):
            return
                "restore with --globals, which makes the roles that are missing as they were, or with --create-roles, or create the role and "
                + "restore again"
        case "42704" where reason.contains("configuration parameter"):
            return "this server does not know the setting, and nothing of the data depends on it"
        case _ where reason.contains("is not available") || ["58P01", "0A000"].contains(code):
            return "install what this server lacks (an extension's package, a library), and restore again"
        case "42883", "42P01", "42704", "42703":
            let names = "what it names is missing, or is named without its schema: "
            return isCopy
                ? names
                    + "make it in the restored database (a function: ALTER FUNCTION … SET search_path = public), and take "
                    + "these rows from the dump"
                : names + "in the restored database SET search_path = public, and run the statement"
        case "42501":
            return
                "it needs more rights than the load has: make it by hand, or say --trust-origin where the connection is a "
                + "superuser's and all of the backup may be trusted"
        case _ where code.hasPrefix("23"):
            return
                "the rows break a rule that they were not held to in the source: take them from the dump once the rule is changed"
        default:
            return isCopy
                ? "take these rows from the dump" : "run the statement in the restored database once it can work"
        }
    }
}
