/// What a rehearsal of backup and restore found that stops no backup, in words.
package struct Rehearsal: Sendable, Equatable {
    /// What a backup leaves out or lacks.
    package var notes: [String] = []
    /// Why a restore on this host would fail or would lack something, and what to do.
    package var obstacles: [String] = []

    package init() {}
}
