/// Where a run stands. Terminal states are final, except that a late success wins over `lost` (P8).
package enum RunState: String, Codable, Sendable, CaseIterable {
    case running, unknown
    case succeeded, failed, cancelled, lost, skipped, missed

    package var isTerminal: Bool {
        switch self {
        case .running, .unknown: false
        case .succeeded, .failed, .cancelled, .lost, .skipped, .missed: true
        }
    }
}

/// What a running run is doing, for people to see.
package enum RunPhase: String, Codable, Sendable, CaseIterable {
    case waiting, examining, dumping, committing, confirming
}

/// How far a backup has been proven (DESIGN section 8). Ordered.
package enum ProofLevel: Int, Codable, Sendable, CaseIterable, Comparable {
    /// Sizes and checksums confirmed by the coordinator itself.
    case stored = 0
    /// Bytes hashed again.
    case reread
    /// Decompresses, is structurally whole. Whether it can be loaded is not known by that.
    case sound
    /// Restored into a scratch database without errors.
    case restored
    /// The restored data's fingerprint equals the dump's.
    case identical
    /// A full disaster drill within the recovery time objective.
    case recovered

    package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }

    /// `L0` to `L5`.
    package var label: String { "L\(rawValue)" }
}

/// What the coordinator holds of a backup.
package enum BackupState: String, Codable, Sendable, CaseIterable {
    /// Complete at every destination that the policy demanded.
    case good
    /// Complete at some destinations only; never counted as good.
    case partial
    /// A check found it changed.
    case damaged
    /// Something of it is not where it was put. It may come back.
    case missing
    /// Marked for deletion: a tombstone, written before the first object goes.
    case deleting
    case deleted
}
