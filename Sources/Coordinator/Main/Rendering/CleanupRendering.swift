import Domain
import Foundation
import Wire

/// What retention would do, with the reason for each.
enum CleanupRendering {
    static func lines(_ plan: CleanupView, _ look: Look) -> [String] {
        var lines: [String] = []
        if let why = plan.suspended {
            lines.append(look.tinted("RETENTION IS SUSPENDED", .bad) + "  " + SafeText(why).text)
        }
        guard !plan.items.isEmpty else { return lines + ["no backups"] }
        var table = Table([
            .init(title: "FATE"), .init(title: "BACKUP"), .init(title: "DATABASE", shrinks: true),
            .init(title: "AGENT", shrinks: true), .init(title: "TIERS"), .init(title: "DATA AS OF", dispensable: 3),
            .init(title: "AGE"),
            .init(title: "STORED", isNumber: true, dispensable: 2), .init(title: "REASON", shrinks: true),
        ])
        for item in plan.items {
            table.add([
                item.delete ? .init("delete", .warning) : .init("keep", .good), .init(id: item.backup),
                .init(item.database.rawValue), .init(item.agent),
                .init(item.tiers.map(\.rawValue).joined(separator: ",")),
                .init(Quantity.time(item.snapshotAt ?? item.nominalAt)),
                .init(Quantity.age(item.recordedAt, now: plan.at)), .init(Quantity.size(item.storedBytes)),
                .init(item.reason),
            ])
        }
        return lines + table.lines(look) + ["", summary(plan)] + resting(plan.rests) + staying(plan.stays)
    }

    /// `12 of 40 backups would be deleted, 3.1 GB`.
    static func summary(_ plan: CleanupView) -> String {
        let doomed = plan.items.count(where: \.delete)
        guard doomed > 0 else { return "nothing to delete: \(CountText.of(plan.items.count, "backup")), all kept" }
        return
            "\(doomed) of \(CountText.of(plan.items.count, "backup")) to delete, \(Quantity.size(plan.bytesFreed)) to free"
    }

    static func lines(_ result: CleanupResult) -> [String] {
        let done = result.stays.isEmpty ? "deleted" : "out of the catalog:"
        return ["\(done) \(CountText.of(result.deleted.count, "backup")), \(Quantity.size(result.bytesFreed)) freed"]
            + result.pending.map { "still to come: " + SafeText($0).text } + resting(result.rests)
            + staying(result.stays)
    }

    private static func resting(_ lines: [String]?) -> [String] {
        (lines ?? []).map { "left alone: " + SafeText($0).text }
    }

    static func staying(_ places: [String]) -> [String] {
        guard !places.isEmpty else { return [] }
        return ["NOT deleted, for their agents were revoked; to be removed there by hand, these files and no others:"]
            + places.map { "  " + SafeText($0).text }
    }
}
