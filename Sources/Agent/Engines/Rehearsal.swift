/// What a rehearsal of backup and restore found that stops no backup, in words.
package struct Rehearsal: Sendable, Equatable {
    /// What a backup leaves out or lacks.
    package var notes: [String] = []
    /// Why nothing can be restored here, and what to do; nil when something can.
    package var failure: String?
    /// What a restore here would lack, and what to do.
    package var obstacles: [String] = []
    /// Why no restore was rehearsed; nil when one was.
    package var unrehearsed: String?
    /// What of this or of an earlier rehearsal or restore is still there.
    package var leftOver: [String] = []

    package init() {}
}
