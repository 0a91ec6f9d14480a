/// How long the backups of a database are kept, by tier, and how many good ones at least.
package struct RetentionPolicy: Hashable, Sendable {
    /// Every tier has its duration.
    private let durations: [Tier: KeepDuration]
    /// The newest good backups of a database that are never deleted, whatever their age. At least 1.
    package let floor: Int

    /// Tiers that are not named are kept as ``KeepDuration/standard(for:)`` says.
    package static let standard = RetentionPolicy(checkedFloor: 3, [:])

    /// Throws `.configuration` when the floor is below 1.
    package init(keep: [Tier: KeepDuration] = [:], floor: Int = 3) throws(BackupError) {
        guard floor >= 1 else {
            throw BackupError(.configuration, "floor \(floor): expected 1 or more good backups of each database")
        }
        self.init(checkedFloor: floor, keep)
    }

    private init(checkedFloor: Int, _ keep: [Tier: KeepDuration]) {
        floor = checkedFloor
        durations = Dictionary(
            uniqueKeysWithValues: Tier.allCases.map { ($0, keep[$0] ?? KeepDuration.standard(for: $0)) })
    }

    /// How long a backup that counts for this tier is kept.
    package func keep(_ tier: Tier) -> KeepDuration { durations[tier] ?? KeepDuration.standard(for: tier) }
}
