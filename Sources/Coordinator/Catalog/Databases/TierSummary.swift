package import Domain
package import Foundation
import GRDB

/// How one tier of one policy of a database stands: what decides whether its backup is overdue. `manual` stands for backups by
/// hand, which no schedule asks for.
package struct TierSummary: Sendable, Equatable {
    package let policy: String
    package let tier: Tier
    /// Since when it is planned as it is now; nil for as long as its database is.
    package let plannedAt: Date?
    /// The newest occurrence, or backup by hand, that a good backup came for; never much later than the coordinator learned
    /// of that. What retention deletes came all the same.
    package let goodAt: Date?
}

extension CatalogView {
    /// Of all databases, by their rows.
    package func tierSummaries() throws -> [Int64: [TierSummary]] {
        let rows = try Row.fetchCursor(
            database, sql: "SELECT database, policy, tier, plannedAt, goodAt FROM tierSummary")
        var summaries: [Int64: [TierSummary]] = [:]
        // By position, not by name: there are several rows for each database of the fleet.
        while let row = try rows.next() {
            guard let tier = Tier(rawValue: row[2] as String) else { continue }
            summaries[row[0] as Int64, default: []].append(
                TierSummary(
                    policy: row[1], tier: tier, plannedAt: (row[3] as Int64?).map(Date.init(milliseconds:)),
                    goodAt: (row[4] as Int64?).map(Date.init(milliseconds:))))
        }
        return summaries
    }
}

extension CatalogUpdate {
    /// Since when this tier of the policy is planned as it is now.
    package func setPlanned(_ tier: Tier, of policy: String, database id: Int64, since: Date) throws {
        try database.execute(
            sql: """
                INSERT INTO tierSummary (database, policy, tier, plannedAt) VALUES (?, ?, ?, ?)
                ON CONFLICT (database, policy, tier) DO UPDATE SET plannedAt = excluded.plannedAt
                """, arguments: [id, policy, tier.rawValue, since.milliseconds])
    }

    /// The backup counts as good from now on. A time that cannot have been yet gives way to any other.
    func noteGood(_ backup: BackupRecord, at now: Date) throws {
        let goodAt = min(backup.nominalAt, backup.recordedAt + ClockSkew.tolerated)
        for tier in backup.tiers {
            try database.execute(
                sql: """
                    INSERT INTO tierSummary (database, policy, tier, goodAt) VALUES (?, ?, ?, ?)
                    ON CONFLICT (database, policy, tier) DO UPDATE SET goodAt = CASE
                        WHEN tierSummary.goodAt > ? THEN excluded.goodAt
                        ELSE max(coalesce(tierSummary.goodAt, excluded.goodAt), excluded.goodAt) END
                    """,
                arguments: [
                    backup.database, backup.policy, tier.rawValue, goodAt.milliseconds,
                    (now + ClockSkew.tolerated).milliseconds,
                ])
        }
    }

    /// The backup counts as good no longer. Only when it was the newest of a tier is another looked for.
    func noteUnfit(_ backup: BackupRecord, at now: Date) throws {
        let goodAt = min(backup.nominalAt, backup.recordedAt + ClockSkew.tolerated)
        let tolerated = Int64(ClockSkew.tolerated * 1000)
        for tier in backup.tiers {
            try database.execute(
                sql: """
                    UPDATE tierSummary SET goodAt =
                        (SELECT max(min(backup.nominalAt, backup.recordedAt + ?1)) FROM backup
                         WHERE backup.database = ?2 AND backup.state = 'good' AND backup.policy = ?3
                            AND instr(backup.tiers, ?4) > 0 AND backup.recordedAt <= ?5)
                    WHERE database = ?2 AND policy = ?3 AND tier = ?4 AND goodAt <= ?6
                    """,
                arguments: [
                    tolerated, backup.database, backup.policy, tier.rawValue, now.milliseconds + tolerated,
                    goodAt.milliseconds,
                ])
        }
    }
}
