import Domain
import Foundation
import Wire

/// When what is due.
enum ScheduleRendering {
    static func lines(_ schedules: [ScheduleView], now: Date, _ look: Look) -> [String] {
        guard !schedules.isEmpty else { return ["no schedules: no policy selects a database"] }
        var table = Table([
            .init(title: "POLICY", shrinks: true, dispensable: 1), .init(title: "DATABASE", shrinks: true),
            .init(title: "AGENT", shrinks: true), .init(title: "TIER"), .init(title: "SCHEDULE"),
            .init(title: "ZONE", dispensable: 2),
            .init(title: "NEXT"), .init(title: "IN"), .init(title: "STARTS", dispensable: 3),
        ])
        for schedule in schedules {
            table.add([
                .init(schedule.policy), .init(schedule.database.rawValue), .init(schedule.agent),
                .init(schedule.tier.rawValue), .init(schedule.schedule), .init(schedule.timeZone),
                .init(Quantity.time(schedule.nextAt)),
                .init(schedule.nextAt.map { Quantity.age($0, now: now) } ?? "never"),
                .init(schedule.effectiveAt == schedule.nextAt ? "" : Quantity.time(schedule.effectiveAt)),
            ])
        }
        return table.lines(look)
    }

    /// The soonest first.
    static func soonest(_ schedules: [ScheduleView], atMost limit: Int) -> [ScheduleView] {
        let due = schedules.filter { $0.nextAt != nil }
        return Array(
            due.sorted {
                ($0.nextAt ?? .distantFuture, $0.agent, $0.database) < (
                    $1.nextAt ?? .distantFuture, $1.agent, $1.database
                )
            }.prefix(limit))
    }
}
