import Archive
import Domain
import Foundation
import Wire

/// Backups as rows and in full.
enum BackupRendering {
    static func lines(_ backups: [BackupView], now: Date, numbered: Bool = false, _ look: Look) -> [String] {
        guard !backups.isEmpty else { return ["no backups"] }
        var table = Table(
            (numbered ? [.init(title: "NO", isNumber: true)] : []) + [
                .init(title: "ID"), .init(title: "DATABASE", shrinks: true), .init(title: "AGENT", shrinks: true),
                .init(title: "TIERS"), .init(title: "STATE"), .init(title: "PROOF", dispensable: 1),
                .init(title: "DATA AS OF"),
                .init(title: "AGE", dispensable: 4), .init(title: "SIZE", isNumber: true),
                .init(title: "STORED", isNumber: true, dispensable: 3),
                .init(title: "WHERE", shrinks: true, dispensable: 2),
            ])
        for (position, backup) in backups.enumerated() {
            table.add((numbered ? [.init("\(position + 1)", .strong)] : []) + row(backup, now: now))
        }
        return table.lines(look)
    }

    private static func row(_ backup: BackupView, now: Date) -> [Table.Cell] {
        [
            .init(id: backup.id), .init(backup.database.rawValue), .init(backup.agent),
            .init(backup.tiers.map(\.rawValue).joined(separator: ",")), .init(backup.state),
            .init(proof: backup.proof), .init(Quantity.time(backup.dataAsOf)),
            .init(Quantity.age(backup.dataAsOf, now: now)), .init(Quantity.size(backup.plainBytes)),
            .init(Quantity.size(backup.storedBytes)),
            .init(backup.destinations.joined(separator: ",") + (backup.pinned ? " (pinned)" : "")),
        ]
    }

    static func detail(_ detail: BackupDetailView, now: Date, _ look: Look) -> [String] {
        let (backup, manifest) = (detail.backup, detail.manifest)
        var lines = Facts.lines(
            [
                ("backup", .init(ShortID.full(backup.id))), ("database", .init(backup.database.rawValue)),
                ("agent", .init(backup.agent)), ("kind", .init(backup.kind.rawValue)), ("state", .init(backup.state)),
                ("proof", .init(proof: backup.proof)),
                ("proven", .init(backup.proofAt.map { Quantity.age($0, now: now) } ?? "")),
                ("tiers", .init(backup.tiers.map(\.rawValue).joined(separator: ", "))),
                ("policy", .init(backup.policy)), ("nominal time", .init(Quantity.time(backup.nominalAt))),
                ("data as of", .init(Quantity.time(manifest.snapshotAt))),
                (
                    "took",
                    .init(Quantity.clock(backup.tookSeconds ?? backup.finishedAt.timeIntervalSince(backup.startedAt)))
                ),
                ("size", .init("\(Quantity.size(backup.plainBytes)), stored \(Quantity.size(backup.storedBytes))")),
                ("made by", .init("\(manifest.tool), holdfast \(manifest.holdfast)")),
                ("tables", .init(Self.fingerprint(manifest))),
                ("pinned", .init(backup.pinned ? "yes" : "")),
            ], look)
        if let notes = manifest.notes, !notes.isEmpty {
            lines += ["", look.tinted("NOTED", .warning)] + notes.map { SafeText($0).text }
        }
        lines += ["", look.tinted("OBJECTS", .faint)]
        for object in backup.objects {
            lines.append(
                "\(SafeText(object.name).text)  \(Quantity.size(object.bytes))  sha256 \(SafeText(object.sha256).text)")
        }
        lines += ["", look.tinted("COPIES", .faint)]
        for copy in detail.copies {
            let state = detail.copyStates?[copy.destination]
            let word = word(for: copy, state: state, look) + seen(detail.evidence?[copy.destination], now: now, look)
            let error = copy.error.map { "  " + SafeText($0).text } ?? ""
            let place = SafeText(detail.locations?[copy.destination] ?? copy.folder).text
            lines.append("\(SafeText(copy.destination).text)  \(word)  \(place)\(error)")
        }
        lines +=
            ["", look.tinted("RESTORE WITHOUT HOLDFAST", .faint)] + manifest.stockRestoreLines.map { SafeText($0).text }
        return lines
    }

    private static func word(for copy: DestinationResult, state: String?, _ look: Look) -> String {
        switch state {
        case "deleted" where copy.error == nil: look.tinted("deleted", .faint)
        case "deleted": look.tinted("NOT DELETED", .warning)
        case "damaged": look.tinted("DAMAGED", .bad)
        case "missing": look.tinted("MISSING", .bad)
        default: copy.isComplete ? look.tinted("complete", .good) : look.tinted("INCOMPLETE", .bad)
        }
    }

    /// How old what is known of a copy is, and by what it is known.
    private static func seen(_ evidence: BackupDetailView.Evidence?, now: Date, _ look: Look) -> String {
        guard let evidence else { return "" }
        let age = Quantity.age(evidence.at, now: now)
        switch evidence.by {
        case "size": return look.tinted(", size only", .warning) + " (seen \(age))"
        case "agent": return ", size only (its host looked \(age))"
        case "read": return ", read \(age)"
        default: return ", \(SafeText(evidence.by).text) seen \(age)"
        }
    }

    private static func fingerprint(_ manifest: Manifest) -> String {
        guard let tables = manifest.fingerprint?.tables, !tables.isEmpty else { return "" }
        return "\(tables.count) with rows \(tables[0].sha256.isEmpty ? "" : "and SHA-256 ")known"
    }
}

extension BackupView {
    /// The moment whose data it holds, never later than the coordinator learned of it.
    var dataAsOf: Date { min(snapshotAt ?? startedAt, recordedAt) }

    /// How far its name is from its data, in words; nil within a minute. Objects are named by the time that was planned.
    var misnamed: String? {
        let seconds = dataAsOf.timeIntervalSince(nominalAt)
        guard abs(seconds) > 60 else { return nil }
        let span = Quantity.span(abs(seconds))
        return "named \(Quantity.time(nominalAt)): its data is \(span) \(seconds > 0 ? "newer" : "older") than its name"
    }
}
