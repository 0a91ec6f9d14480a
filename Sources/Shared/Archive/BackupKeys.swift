package import Domain
package import Foundation

/// The keys of one backup's objects (DESIGN section 7): folder and stem, to which each object adds its suffixes.
///
/// `<agent>/database-backups/<database>_db_<tier>_<yyyyMMdd>_<HHmmss>` or
/// `<agent>/application-backups/<database>_app_<yyyyMMdd>_<HHmmss>`, the nominal time in UTC; from the second attempt
/// on `_a<attempt>` follows.
package struct BackupKeys: Sendable, Equatable {
    /// What the second part of every key is.
    package static let folders = ["database-backups", "application-backups"]

    /// Folder with a slash at its end; a destination's own prefix comes before it.
    package let folder: String
    package let stem: String

    package init(
        agentName: String, database: DatabaseName, kind: DatabaseKind, tier: Tier, nominalAt: Date, attempt: Int
    ) {
        let time = Timestamp.compact(nominalAt)
        let again = attempt > 1 ? "_a\(attempt)" : ""
        switch kind {
        case .postgres, .sqlite:
            folder = "\(agentName)/\(Self.folders[0])/"
            stem = "\(database.pathComponent)_db_\(tier.rawValue)_\(time)\(again)"
        case .application:
            folder = "\(agentName)/\(Self.folders[1])/"
            stem = "\(database.pathComponent)_app_\(time)\(again)"
        }
    }

    /// The file name of one object: suffixes say what was done, in order.
    package func objectName(_ role: ObjectRole, _ format: ObjectFormat, _ codec: Compression) -> String {
        stem + (role == .globals ? "_globals" : "") + format.suffix + codec.suffix
    }

    package var manifestName: String { stem + ".json" }
}
