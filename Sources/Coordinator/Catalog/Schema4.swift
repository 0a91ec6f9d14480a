import Domain

/// What the fourth migration adds.
enum Schema4 {
    static let statements = [tierSummary] + Tier.allCases.map(filled)

    /// For each tier of each policy of a database, like the summary in `database` written in the same transaction as what
    /// it sums up: since when it is planned as it is (NULL for as long as its database), and the newest occurrence that a
    /// good backup came for.
    private static let tierSummary = """
        CREATE TABLE tierSummary (
            database INTEGER NOT NULL REFERENCES database (id), policy TEXT NOT NULL, tier TEXT NOT NULL,
            plannedAt INTEGER, goodAt INTEGER, PRIMARY KEY (database, policy, tier)) STRICT, WITHOUT ROWID;
        """

    /// What is there already; 300 s are the ``ClockSkew/tolerated`` of the day on which this was written.
    private static func filled(_ tier: Tier) -> String {
        """
        INSERT INTO tierSummary (database, policy, tier, goodAt)
            SELECT database, policy, '\(tier.rawValue)', max(min(nominalAt, recordedAt + 300000)) FROM backup
            WHERE state = 'good' AND instr(tiers, '\(tier.rawValue)') > 0 GROUP BY database, policy;
        """
    }
}
