import Domain
import Foundation
import Wire

/// The catalog itself, for people.
enum CatalogRendering {
    static func lines(_ state: CatalogStateView, now: Date, _ look: Look) -> [String] {
        let behind = state.behind.map { reason in
            "IT LACKS WHAT WAS ACKNOWLEDGED: \(reason), known \(Quantity.age(state.behindSince, now: now)). Nothing is deleted until "
                + "`holdfast catalog rebuild` has been run"
        }
        var lines = Facts.lines(
            [
                ("catalog", .init("life \(state.epoch), \(state.head) acknowledged")),
                ("mind", .init(behind ?? "", .bad)),
                (
                    "copied to",
                    .init(state.copies.isEmpty ? "nowhere: with its host the coordinator is lost" : "", .warning)
                ),
            ], look)
        if !state.copies.isEmpty { lines += [""] + self.lines(state.copies, now: now, look) }
        if !state.strangers.isEmpty { lines += [""] + waiting(state.strangers) }
        return lines
    }

    static func lines(_ copies: [CatalogCopyView], now: Date, _ look: Look) -> [String] {
        copies.flatMap { copy -> [String] in
            Facts.lines(
                [
                    ("place", .init(copy.place)),
                    (
                        "newest copy",
                        .init(
                            copy.at.map { "\(Quantity.time($0)), \(Quantity.age($0, now: now))" } ?? "none",
                            copy.at == nil ? .bad : nil)
                    ),
                    ("key", .init(copy.key ?? "")), ("size", .init(copy.bytes.map { Quantity.size($0) } ?? "")),
                    ("last try failed", .init(copy.failure ?? "", .bad)),
                ], look)
        }
    }

    static func progress(_ view: RebuildView) -> String {
        "\(view.phase): \(view.read) read, \(view.added) added"
    }

    static func lines(_ view: RebuildView, _ state: CatalogStateView, _ look: Look) -> [String] {
        let rest = state.behind == nil ? "" : "; nothing is deleted before it is"
        let verb = view.dryRun ? "would be added" : "added"
        let outcome =
            switch view.state {
            case .failed: Table.Cell("failed", .bad)
            case .incomplete: Table.Cell("not complete: run it again\(rest)", .warning)
            case .running, .succeeded: Table.Cell(view.dryRun ? "nothing was changed (--dry-run)" : "done", .good)
            }
        var lines = Facts.lines(
            [
                ("rebuild", outcome),
                ("found", .init(CountText.of(view.manifests, "manifest"))),
                (verb, .init(CountText.of(view.added, "backup"))),
                ("copies added", .init(view.copies == 0 ? "" : "\(view.copies), to backups that were known")),
                ("hosts brought back", .init(view.agents.joined(separator: ", "))),
                ("not taken", .init(view.refusedCount == 0 ? "" : "\(view.refusedCount)", .warning)),
                ("mind", .init(view.message ?? "", .warning)),
            ], look)
        lines += view.refused.map { "  " + SafeText($0).text }
        if !state.strangers.isEmpty { lines += [""] + waiting(state.strangers) }
        return lines
    }

    private static func waiting(_ strangers: [StrangerView]) -> [String] {
        ["Hosts that wait (`holdfast agent admit NAME`, or --all; those that do not belong here: --refuse NAME):"]
            + strangers.prefix(50).map {
                "  \(SafeText($0.name ?? "of an unknown name").text)  \($0.id.uuidString.lowercased())  from \(SafeText($0.remote).text), "
                    + "key \($0.key.prefix(16))"
            }
            + (strangers.count > 50 ? ["  and \(strangers.count - 50) more"] : [])
    }
}
