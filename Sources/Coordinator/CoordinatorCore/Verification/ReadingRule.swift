import Archive
import Domain
import Synchronization
import Threads

/// What reading one copy again may cost the coordinator: objects and what is said of them come from hosts, of which one may have
/// been taken over. What costs more is not damaged, it is only not read here.
enum ReadingRule {
    /// So many plain bytes are read whatever they are made of.
    static let always: Int64 = 4 << 30
    /// Beyond that an object may decompress to so many times its size.
    static let ratio: Int64 = 2000
    /// How often a reading is begun that the coordinator did not live to end.
    static let beginnings = 5
    /// How often the one who reads looks up.
    static let look: Duration = .milliseconds(200)

    /// Throws `.storageRefused` for an object that is said to be more than may be read.
    static func check(_ object: Manifest.Object) throws(BackupError) {
        guard object.plainBytes > always, object.plainBytes / ratio > max(object.storedBytes, 1) else { return }
        throw BackupError(
            .storageRefused,
            "\(object.name) is said to hold \(object.plainBytes) bytes in \(object.storedBytes) stored ones: what is packed more "
                + "than \(ratio) times is not read here; its host can read it (`holdfast-agent restore`)")
    }

    /// How long reading all of it may take: 10 minutes, and as long as a slow store and a slow machine need.
    static func longest(storedBytes: Int64, plainBytes: Int64) -> Duration {
        .seconds(600 + storedBytes >> 20 + plainBytes / (20 << 20))
    }
}

/// The reading of one copy that is under way: whoever ends it says why.
final class ReadingTurn: Sendable {
    enum End: Sendable, Equatable {
        /// Others wait: it begins anew after them, with more time.
        case turnIsOver
        case tookTooLong
        case cancelled
    }

    let stop = StopSignal()
    private let ended = Mutex<End?>(nil)

    /// Why it was stopped; nil when it was not.
    var end: End? { ended.withLock { $0 } }

    /// The first word counts.
    func end(_ why: End) {
        ended.withLock { $0 = $0 ?? why }
        stop.stop()
    }
}
