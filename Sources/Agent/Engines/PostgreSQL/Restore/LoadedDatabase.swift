import Domain

/// A database that a backup was loaded into: what was found of it, and whether it may have the name that it is meant for.
struct LoadedDatabase {
    /// What was checked, in words for the operator.
    var remarks: [String]
    /// What could not be made, each with its reason.
    var failures: [String]
    /// Where the data is not what the dump had.
    var differences: [String]

    /// All that it lacks, the first of many.
    var lacking: [String] {
        let more = differences.count - Self.most
        return failures + differences.prefix(Self.most)
            + (more > 0 ? ["and \(CountText.of(more, "more difference"))"] : [])
    }

    private static let most = 50

    /// Why it may not have the name, in words; nil when it may. What lacks something for a reason that is known is as good as it
    /// gets, and takes a name that is free; data that differs for no reason that anybody knows takes none.
    func obstacle(replaces: Bool) -> String? {
        if failures.isEmpty, let first = differences.first {
            let more = differences.count > 1 ? " and \(CountText.of(differences.count - 1, "more difference"))" : ""
            return "what was restored is not what was dumped: \(first)\(more)"
        }
        guard replaces, !lacking.isEmpty else { return nil }
        let more = lacking.count > 5 ? "; and \(lacking.count - 5) more" : ""
        return
            "not everything of the backup could be made, so nothing was replaced (--force given twice replaces all the same); "
            + lacking.prefix(5).joined(separator: "; ") + more
    }
}
