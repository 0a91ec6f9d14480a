import Domain
import Foundation
import Wire

/// What a restore will do and where, as it is shown before it is asked for.
struct RestorePlan: Sendable {
    let backup: BackupView
    let agent: String?
    let target: String?
    let replace: Bool
    let skipChecksum: Bool
    let globals: Bool
    var trustOrigin = false
    var paths: [String] = []
    var strip = 0
    /// What the backup's manifest notes of it.
    var notes: [String] = []
    var manner = RestoreManner()

    var options: RestoreOptions {
        RestoreOptions(
            agent: agent, target: target, replace: replace, skipChecksum: skipChecksum, withGlobals: globals,
            tables: [], trustOrigin: trustOrigin ? true : nil, paths: paths.isEmpty ? nil : paths,
            strip: strip == 0 ? nil : strip, manner: manner == RestoreManner() ? nil : manner)
    }

    /// What has to be typed before something that exists is replaced.
    var nameToType: String { target ?? backup.database.rawValue }

    func lines(now: Date, _ look: Look) -> [String] {
        let facts = Facts.lines(
            [
                ("restore", .init("\(backup.database) from \(backup.agent)")),
                ("data as of", .init("\(Quantity.time(backup.dataAsOf)), \(Quantity.age(backup.dataAsOf, now: now))")),
                ("mind", .init(backup.misnamed ?? "", .warning)),
                ("backup", .init("\(ShortID.full(backup.id)), \(Quantity.size(backup.plainBytes))")),
                ("proof", .init(proof: backup.proof)), ("by agent", .init(agent ?? backup.agent)), ("to", .init(place)),
                (
                    "existing",
                    .init(
                        replace ? "WILL BE REPLACED\(onlyParts) if it is there, and kept beside; else it is made" : "",
                        .bad)
                ),
                ("only", .init(paths.joined(separator: ", "))), ("noted", .init(notes.joined(separator: "; "))),
                (
                    "incomplete",
                    .init(
                        manner.replaceIncomplete == true ? "MAY REPLACE IT, TOO: what cannot be made is named" : "",
                        .bad)
                ), ("on errors", .init(manner.exitOnError == true ? "nothing is restored" : "")),
                ("roles", .init(manner.createRoles == true ? "those that are missing are made, NOLOGIN" : "")),
                ("globals", .init(globals ? "roles and tablespaces are restored too" : "")),
                (
                    "trusted",
                    .init(
                        trustOrigin
                            ? "ALL OF IT: it is loaded with every right of the agent's connection, whoever wrote it"
                            : "",
                        .bad)
                ),
            ], look)
        guard skipChecksum else { return facts + archiveNote }
        let warning = [
            "WARNING: --skip-checksum: the stored bytes are NOT compared with what was backed up.",
            "WARNING: what is restored may be incomplete or changed: a damaged backup is restored up to the damage. This is recorded.",
        ]
        return warning.map { look.tinted($0, .bad) } + facts + archiveNote
    }

    private var onlyParts: String { paths.isEmpty ? "" : " BY WHAT IS PICKED ALONE" }

    /// The archive keeps whole paths, so that nothing of it lands beside its place by mistake.
    private var archiveNote: [String] {
        guard backup.kind == .application, let target else { return [] }
        let folder = target.hasSuffix("/") ? String(target.dropLast()) : target
        guard strip == 0 else {
            return [
                "Files lose the first \(CountText.of(strip, "folder")) of their paths, and lie in \(SafeText(folder).text); what "
                    + "lies in no more folders than that is left out, and told."
            ]
        }
        return [
            "Files keep their whole path below it: what was /etc/app becomes \(SafeText(folder).text)/etc/app (--strip drops folders)."
        ]
    }

    private var place: String {
        if let target { return target }
        if manner.intoOriginalName == true { return "its original name, from the beginning" }
        switch backup.kind {
        case .postgres: return "a new database \(backup.database)_restored_TIME"
        case .sqlite: return "a new file beside the original, …_restored_TIME"
        case .application:
            return "a new folder restored/\(backup.database)_restored_TIME in the agent's data directory"
        }
    }
}
