import Foundation

/// Named places before and after durable steps, at which a test can have the process killed: inert unless
/// `HOLDFAST_FAULT` names one. Killing by signal at the very place is what no clock of a test can do reliably.
enum FaultPoint: String {
    /// The run is journalled, nothing has begun.
    case admitted
    /// Every object is committed; neither the journal nor a manifest says so.
    case committed
    /// Every object is committed and the journal says so; the manifest is not written.
    case sealed
    /// The manifest is written; nothing is in the spool.
    case manifest
    /// The final report is in the spool; the journal still has the run.
    case spooled

    /// A restore has ended well; its journal still has all that it made.
    case restored

    func pass() { Self.pass(rawValue) }

    /// A step of a restore, counted from one: before it is noted (`restore-before-3`) and after (`restore-after-3`).
    static func pass(restoreStep number: Int, isNoted: Bool) {
        pass("restore-\(isNoted ? "after" : "before")-\(number)")
    }

    private static func pass(_ name: String) {
        guard getenv("HOLDFAST_FAULT").map({ String(cString: $0) }) == name else { return }
        kill(getpid(), SIGKILL)
    }
}
