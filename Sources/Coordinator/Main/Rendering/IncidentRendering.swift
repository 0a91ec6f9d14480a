import Foundation
import Wire

/// What is wrong, in words.
enum IncidentRendering {
    /// Open critical incidents, the oldest first, what the coordinator finds about itself, the other incidents, and last those that
    /// somebody has acknowledged.
    static func open(_ status: StatusView, _ look: Look) -> [String] { blocks(status, look).flatMap(\.self) }

    /// The same, each on its own: its title, then its words.
    static func blocks(_ status: StatusView, _ look: Look) -> [[String]] {
        let findings = status.coordinator.findings.map { finding in
            SafeText("coordinator: \(finding)").wrapped(to: max(40, (look.width ?? 4000) - 10), lines: 6).enumerated()
                .map {
                    ($0 == 0 ? look.tinted("WARNING ", .warning) + "  " : String(repeating: " ", count: 10)) + $1.text
                }
        }
        let open = status.incidents.filter { $0.resolvedAt == nil }.sorted { $0.openedAt < $1.openedAt }
        func blocks(_ isTaken: (IncidentView) -> Bool) -> [[String]] {
            open.filter(isTaken).map { block($0, now: status.coordinator.now, look) }
        }
        return blocks { $0.acknowledgedAt == nil && $0.severity == "critical" } + findings
            + blocks { $0.acknowledgedAt == nil && $0.severity != "critical" } + blocks { $0.acknowledgedAt != nil }
    }

    /// Title with its age, in one line, and under it the detail.
    private static func block(_ incident: IncidentView, now: Date, _ look: Look) -> [String] {
        let isKnown = incident.acknowledgedAt != nil
        let severity = SafeText(isKnown ? "KNOWN" : incident.severity.uppercased()).text.padded(to: 8)
        let since = "  since \(Quantity.span(now.timeIntervalSince(incident.openedAt)))"
        let title = SafeText(incident.title)
        let head =
            look.tinted(severity, isKnown ? .faint : incident.severity == "critical" ? .bad : .warning) + "  "
            + title.cut(to: max(30, (look.width ?? 4000) - 10 - since.count)).text + look.tinted(since, .faint)
        let detail = incident.detail.split(whereSeparator: \.isNewline).prefix(3).flatMap {
            SafeText(String($0)).wrapped(to: max(40, (look.width ?? 4000) - 10), lines: 6)
        }
        return [head] + detail.map { String(repeating: " ", count: 10) + $0.text }
    }

    /// `alert list`.
    static func table(_ incidents: [IncidentView], now: Date, _ look: Look) -> [String] {
        guard !incidents.isEmpty else { return ["no alerts"] }
        var table = Table([
            .init(title: "ID"), .init(title: "SEVERITY"), .init(title: "KIND", dispensable: 1),
            .init(title: "AGENT", shrinks: true),
            .init(title: "DATABASE", shrinks: true), .init(title: "OPENED"), .init(title: "RESOLVED", dispensable: 2),
            .init(title: "TOLD", dispensable: 3), .init(title: "TITLE", shrinks: true),
        ])
        for incident in incidents {
            table.add([
                .init(String(incident.id)),
                .init(incident.severity.uppercased(), incident.severity == "critical" ? .bad : .warning),
                .init(incident.kind), .init(incident.agent ?? ""), .init(incident.database ?? ""),
                .init(Quantity.age(incident.openedAt, now: now)),
                .init(
                    incident.resolvedAt.map { Quantity.age($0, now: now) }
                        ?? (incident.acknowledgedAt == nil ? "open" : "known")), .init(told(incident)),
                .init(incident.title),
            ])
        }
        return table.lines(look)
    }

    /// `alert show`: nothing is cut.
    static func detail(_ incident: IncidentView, now: Date, _ look: Look) -> [String] {
        func moment(_ time: Date?) -> String {
            time.map { "\(Quantity.time($0)) (\(Quantity.age($0, now: now)))" } ?? ""
        }
        let known = incident.acknowledgedAt.map { moment($0) + (incident.acknowledgedBy.map { " by \($0)" } ?? "") }
        let facts = Facts.lines(
            [
                ("alert", .init("\(incident.id)")),
                ("severity", .init(incident.severity.uppercased(), incident.severity == "critical" ? .bad : .warning)),
                ("kind", .init(incident.kind)), ("title", .init(incident.title)),
                ("agent", .init(incident.agent ?? "")),
                ("database", .init(incident.database ?? "")), ("opened", .init(moment(incident.openedAt))),
                ("acknowledged", .init(known ?? "")), ("over", .init(moment(incident.resolvedAt))),
                ("next", .init(incident.nextStep ?? "")),
            ], look)
        let cause = incident.detail.split(whereSeparator: \.isNewline).map { "  " + SafeText(String($0)).text }
        let told = incident.deliveries.map { delivery in
            let what = delivery.isEnd == true ? "its end" : "its beginning"
            let when = delivery.sentAt.map { "told \(moment($0))" } ?? "\(delivery.state), \(delivery.attempts) tries"
            return "  " + SafeText("\(delivery.channel): \(what), \(when) \(delivery.lastError ?? "")").text
        }
        return facts + ["cause"] + cause + (told.isEmpty ? ["nobody was told"] : ["told"] + told)
    }

    private static func told(_ incident: IncidentView) -> String {
        incident.deliveries.map { "\($0.channel) \($0.state)" }.joined(separator: ", ")
    }

    static let noChannel = "no alert channel is configured: see `alerts:` in fleet.yaml"

    /// `alert test`.
    static func tests(_ tests: [AlertTestView], _ look: Look) -> [String] {
        guard !tests.isEmpty else { return [noChannel] }
        return tests.map { test in
            let word = test.delivered ? look.tinted("delivered", .good) : look.tinted("FAILED", .bad)
            return "\(SafeText(test.channel).text): \(word)" + (test.error.map { "  " + SafeText($0).text } ?? "")
        }
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
