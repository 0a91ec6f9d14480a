import Archive
package import Domain
import Engines
package import Foundation
import Threads

/// A dump that another tool made, and that becomes a backup of a database of this host.
package struct AdoptedDump: Codable, Sendable, Equatable {
    /// An absolute path, `s3://bucket/key`, or `https://…`.
    package var place: String
    /// When it was made.
    package var takenAt: Date

    package init(place: String, takenAt: Date) {
        self.place = place
        self.takenAt = takenAt
    }

    /// For people, and for the manifest: an address may carry what opens it.
    var words: String { place.contains("://") ? String(place.prefix { $0 != "?" }) : place }

    /// What its name says: the database, and when it was made. See ``DumpNames``; a path's own last part, whatever is before.
    package static func read(
        _ place: String, pattern: String?, zone: TimeZone
    ) throws(BackupError) -> (database: String?, takenAt: Date?) {
        let path = place.contains("://") ? place.prefix { $0 != "?" } : Substring(place)
        let name = path.split(separator: "/").last.map(String.init) ?? place
        _ = try DumpFile.object(named: name)
        let file = try DumpNames(pattern: pattern, zone: zone).read(name)
        return (file.database, file.takenAt)
    }

    /// Reads the dump in the place of the database. Throws `.notFound` where nothing lies, `.usage` for what is no dump of its kind.
    func engine(
        of engine: any Engine, world: AgentWorld, paths: AgentPaths, stop: StopSignal
    ) throws(BackupError) -> any Engine {
        let found = try StoredPlace(place, world: world, plan: CachedPlan(paths), stop: stop) { _ in }
        let object = try DumpFile.object(named: found.name)
        let reader = found.reader(object, stop: stop)
        return try AdoptedEngine(of: engine, object, from: words) { (body) throws(BackupError) in
            try reader.decode(check: false, body)
        }
    }
}
