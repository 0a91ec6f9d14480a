import Domain
import Foundation
import Wire

enum ApplyRendering {
    /// The difference, as the coordinator worded it: `+` new, `-` gone, `~` changed.
    static func lines(_ view: ApplyView, _ look: Look) -> [String] {
        let changes = view.changes.map { change in
            let tint: Tint? =
                switch change.first {
                case "+": .good
                case "-": .bad
                case "~": .warning
                default: nil
                }
            // A change may have several lines; each is made safe by itself.
            return change.split(separator: "\n", omittingEmptySubsequences: false)
                .map { look.tinted(SafeText(String($0)).text, tint) }.joined(separator: "\n")
        }
        return changes + deletable(view.deletable ?? [], look)
    }

    /// `! inventory on db-01: 12 of 40 backups become deletable`, with the oldest of them.
    private static func deletable(_ views: [DeletableView], _ look: Look) -> [String] {
        let most = 50
        let more = views.count > most ? ["! and of \(CountText.of(views.count - most, "more database"))"] : []
        return views.prefix(most).flatMap { view -> [String] in
            let name = SafeText("\(view.database) on \(view.agent)").text
            let all = view.deletable > view.newly ? " (\(view.deletable) in all)" : ""
            let much = view.isMuch ? ", more than automatic cleanup takes at once" : ""
            let line =
                "! \(name): \(view.newly) of \(CountText.of(view.backups, "backup")) become deletable\(all)\(much)"
            let left = view.newly - view.examples.count
            return [look.tinted(line, .bad)]
                + view.examples.map { item in
                    let tiers = item.tiers.map(\.rawValue).joined(separator: ",")
                    return
                        "    \(Quantity.time(item.snapshotAt ?? item.nominalAt))  \(tiers)  \(item.backup.uuidString.lowercased())"
                } + (left > 0 ? ["    and \(left) more"] : [])
        } + more
    }
}
