import Domain
import Wire

/// What a new configuration changes, line by line as people read it.
enum FleetDifference {
    static func lines(from old: FleetConfiguration, to new: FleetConfiguration) -> [String] {
        compare("destination", old.destinations, new.destinations, name: \.name, describe: describe)
            + compare("policy", old.policies, new.policies, name: \.name, describe: describe)
            + (old.alerts == new.alerts ? [] : ["~ alerts: \(describe(new.alerts))"])
            + (old.retention == new.retention ? [] : ["~ retention: \(describe(new.retention))"])
            + (old.catalog == new.catalog ? [] : ["~ catalog: copies \(new.catalog.words)"])
    }

    private static func compare<Item: Equatable>(
        _ kind: String, _ old: [Item], _ new: [Item], name: (Item) -> String, describe: (Item) -> [String]
    ) -> [String] {
        var lines: [String] = []
        for item in old where !new.contains(where: { name($0) == name(item) }) {
            lines.append("- \(kind) \(name(item))")
        }
        for item in new {
            guard let before = old.first(where: { name($0) == name(item) }) else {
                lines.append("+ \(kind) \(name(item)): \(describe(item).joined(separator: ", "))")
                continue
            }
            guard before != item else { continue }
            let (was, now) = (describe(before), describe(item))
            let gone = was.filter { !now.contains($0) }.map { "-\($0)" }
            let come = now.filter { !was.contains($0) }.map { "+\($0)" }
            lines.append("~ \(kind) \(name(item)): \((gone + come).joined(separator: ", "))")
        }
        return lines
    }

    private static func describe(_ destination: Destination) -> [String] {
        if let directory = destination.directory { return ["directory \(directory.path ?? "of each agent")"] }
        guard let s3 = destination.s3 else { return ["of an unknown kind"] }
        let settings: [(String, String?)] = [
            ("region", s3.region), ("endpoint", s3.endpoint), ("sse", s3.sse), ("kmsKeyId", s3.kmsKeyId),
            ("storageClass", s3.storageClass), ("caFile", s3.caFile), ("proxy", s3.proxy),
            ("bandwidth", s3.bandwidth.map { "\($0)" }), ("pathStyle", s3.pathStyle.map { "\($0)" }),
        ]
        return ["s3 \(s3.bucket)/\(s3.prefix)"] + settings.compactMap { name, value in value.map { "\(name) \($0)" } }
            + (s3.ways ?? StoreWays()).words.map { "\($0.name) \($0.word)" }
    }

    private static func describe(_ policy: FleetPolicy) -> [String] {
        let labels = policy.selector.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        var words = ["selects \(labels.isEmpty ? "everything" : labels.joined(separator: " "))"]
        for tier in policy.tiers {
            words.append(
                "\(tier.tier.rawValue) \"\(tier.schedule.cron.text)\" kept \(tier.keep.text)"
                    + (tier.includesApplication ? " with applications" : "") + (tier.healthCheck ? " checked" : "")
                    + (tier.isEnabled ? "" : " off"))
        }
        words.append("to \(policy.destinations.joined(separator: " and "))")
        words.append(policy.compression.rawValue + (policy.compressionLevel.map { " level \($0)" } ?? ""))
        words.append("floor \(policy.floor)")
        if policy.shrinkShare != 0.5 { words.append("shrink \(share(policy.shrinkShare))") }
        for (database, lost) in policy.shrinkOf.sorted(by: { $0.key < $1.key }) {
            words.append("shrink of \(database) \(share(lost))")
        }
        if policy.timeZone != "UTC" { words.append("zone \(policy.timeZone)") }
        if let rpo = policy.rpoSeconds { words.append("rpo \(rpo) s") }
        if let rto = policy.rtoSeconds { words.append("rto \(rto) s") }
        if let spread = policy.spreadSeconds { words.append("spread \(spread) s") }
        return words
    }

    private static func share(_ share: Double?) -> String { share.map { "\(Int(($0 * 100).rounded()))%" } ?? "off" }

    private static func describe(_ retention: RetentionRules) -> String {
        retention.automatic
            ? "automatic, at most \(Int((retention.maxDeleteShare * 100).rounded())) % of a database's backups at once"
            : "by hand"
    }

    private static func describe(_ alerts: AlertRoutes) -> String {
        let channels = alerts.channels.isEmpty ? "none" : alerts.channels.joined(separator: " and ")
        return channels + (alerts.notifySuccess ? ", successes too" : "")
    }
}
