import Catalog
import Domain
import Foundation

/// The latest time that the coordinator ever saw. A clock that shows less has gone back, and then retention rests (P2: never
/// on a wrong clock). One that jumped ahead shows by the clocks of the agents.
enum HighWater {
    private static let tolerance: TimeInterval = 60

    /// Raises the mark.
    static func note(_ now: Date, in update: CatalogUpdate) throws {
        let mark = try read(update)
        guard mark.map({ now > $0 }) ?? true else { return }
        try update.set(Timestamp.text(now), for: SettingName.highWater)
    }

    static func read(_ view: CatalogView) throws -> Date? {
        try view.setting(SettingName.highWater).flatMap(Timestamp.date)
    }

    /// Why the clock cannot be trusted just now; nil when it can.
    static func suspicion(of now: Date, _ view: CatalogView) throws -> String? {
        guard let mark = try read(view), now < mark - tolerance else { return nil }
        return "the clock shows \(Timestamp.text(now)), and it was \(Timestamp.text(mark)) before: "
            + "nothing is deleted until it is right again"
    }
}
