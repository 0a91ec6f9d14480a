import Foundation
import Wire

/// What is known of stores.
enum DestinationRendering {
    static func lines(_ destinations: [DestinationView], now: Date, _ look: Look) -> [String] {
        destinations.enumerated().flatMap { index, view in
            (index == 0 ? [] : [""]) + lines(view, now: now, look)
        }
    }

    private static func lines(_ view: DestinationView, now: Date, _ look: Look) -> [String] {
        let isStore = view.place.hasPrefix("s3://")
        var facts: [(name: String, value: Table.Cell)] = [
            ("destination", .init(view.name)), ("place", .init(view.place)),
            ("probed", .init(isStore ? Quantity.age(view.foundAt, now: now) : "")),
            ("last probe failed", .init(view.failure ?? "", .warning)),
        ]
        for way in StoreWays.answers {
            facts.append((way.name, .init(word(view.ways[keyPath: way.path]?.rawValue, isStore, view, way.name))))
        }
        for way in StoreWays.facts {
            let value = view.ways[keyPath: way.path].map { $0 ? "yes" : "no" }
            facts.append((way.name, .init(word(value, isStore, view, way.name))))
        }
        facts += view.notes.map { ("not found", .init($0, .warning)) }
        facts += view.promises.map { held in
            let (state, tint): (String, Tint) =
                switch held.holds {
                case true?: ("holds", .good)
                case false?: ("does not hold", .bad)
                case nil: ("depends", .warning)
                }
            return (held.promise, .init("\(state): \(held.words)", tint))
        }
        return Facts.lines(facts, look)
    }

    private static func word(_ value: String?, _ isStore: Bool, _ view: DestinationView, _ name: String) -> String {
        guard isStore else { return "" }
        return (value ?? "not known") + (isSaid(name, view) ? " (fleet.yaml)" : "")
    }

    private static func isSaid(_ name: String, _ view: DestinationView) -> Bool {
        guard let said = view.said else { return false }
        return StoreWays.answers.contains { $0.name == name && said[keyPath: $0.path] != nil }
            || StoreWays.facts.contains { $0.name == name && said[keyPath: $0.path] != nil }
    }
}
