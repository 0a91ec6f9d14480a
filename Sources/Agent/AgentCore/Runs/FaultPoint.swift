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

    func pass() {
        guard getenv("HOLDFAST_FAULT").map({ String(cString: $0) }) == rawValue else { return }
        kill(getpid(), SIGKILL)
    }
}
