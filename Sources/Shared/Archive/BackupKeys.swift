package import Domain
package import Foundation

/// The keys of one backup's objects (DESIGN section 7): folder and stem, to which each object adds its suffixes.
///
/// `<agent>/database-backups/<database>_db_<tier>_<yyyyMMdd>_<HHmmss>` or
/// `<agent>/application-backups/<database>_app_<yyyyMMdd>_<HHmmss>`, the nominal time in UTC. Where that name is taken or may
/// be, `_` and a token of 12 hex digits follow, which nobody can guess. Older agents put `_a<attempt>` there from the second
/// attempt on.
package struct BackupKeys: Sendable, Equatable {
    /// What the second part of every key is.
    package static let folders = ["database-backups", "application-backups"]

    /// Folder with a slash at its end; a destination's own prefix comes before it.
    package let folder: String
    package let stem: String

    /// `token` is what a name nobody can guess ends in; nil for the plain one.
    package init(
        agentName: String, database: DatabaseName, kind: DatabaseKind, tier: Tier, nominalAt: Date,
        token: String? = nil
    ) {
        let time = Timestamp.compact(nominalAt)
        let again = token.map { "_\($0)" } ?? ""
        switch kind {
        case .postgres, .sqlite:
            folder = "\(agentName)/\(Self.folders[0])/"
            stem = "\(database.pathComponent)_db_\(tier.rawValue)_\(time)\(again)"
        case .application:
            folder = "\(agentName)/\(Self.folders[1])/"
            stem = "\(database.pathComponent)_app_\(time)\(again)"
        }
    }

    private init(folder: String, stem: String) {
        self.folder = folder
        self.stem = stem
    }

    /// Of the plain keys of a run: those that an older agent gave to its attempt.
    package func ofOlderAgent(attempt: Int) -> BackupKeys {
        attempt > 1 ? BackupKeys(folder: folder, stem: "\(stem)_a\(attempt)") : self
    }

    /// The token that an id gives: its first 48 bits, which are all chance in a random one.
    package static func token(_ id: UUID) -> String {
        String(id.uuidString.lowercased().filter { $0 != "-" }.prefix(12))
    }

    /// Of the plain keys of a run: the keys of the attempt that an object of this name belongs to, and that attempt's number
    /// where the name tells it (an older agent's from the second on; 1 for the plain name). Nil when it is no name of this run.
    package func ofAttempt(named name: String) -> (keys: BackupKeys, attempt: Int?)? {
        guard name.utf8.starts(with: stem.utf8) else { return nil }
        let rest = name.dropFirst(stem.count)
        let form = /(?:_a([1-9][0-9]{0,5})|_([0-9a-f]{12}))?(?:_globals|_database)?(?:\.[A-Za-z0-9]+)+/
        guard let match = rest.wholeMatch(of: form) else { return nil }
        if let token = match.2 { return (BackupKeys(folder: folder, stem: "\(stem)_\(token)"), nil) }
        guard let number = match.1 else { return (self, 1) }
        // The first attempt never had a number.
        guard let attempt = Int(number), attempt > 1 else { return nil }
        return (ofOlderAgent(attempt: attempt), attempt)
    }

    /// The file name of one object: suffixes say what was done, in order.
    package func objectName(_ role: ObjectRole, _ format: ObjectFormat, _ codec: Compression) -> String {
        stem + role.suffix + format.suffix + codec.suffix
    }

    package var manifestName: String { stem + ".json" }

    /// The name of the manifest that an object of this name belongs to; nil for what is no object's name.
    package static func manifestName(beside object: String) -> String? {
        for codec in Compression.allCases where object.hasSuffix(codec.suffix) {
            let name = object.dropLast(codec.suffix.count)
            for format in ObjectFormat.allCases where name.hasSuffix(format.suffix) {
                let stem = name.dropLast(format.suffix.count)
                let role = [ObjectRole.globals, .database].first { stem.hasSuffix($0.suffix) } ?? .dump
                return stem.dropLast(role.suffix.count) + ".json"
            }
        }
        return nil
    }
}
