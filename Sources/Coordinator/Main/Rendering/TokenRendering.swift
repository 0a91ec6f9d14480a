import Foundation
import Wire

enum TokenRendering {
    static func lines(_ tokens: [TokenView], now: Date, _ look: Look) -> [String] {
        guard !tokens.isEmpty else { return ["no tokens"] }
        var table = Table([
            .init(title: "ID"), .init(title: "STATE"), .init(title: "FOR"), .init(title: "NAME", shrinks: true),
            .init(title: "CREATED", dispensable: 1), .init(title: "EXPIRES"),
            .init(title: "USES LEFT", isNumber: true), .init(title: "LABELS", shrinks: true),
        ])
        for token in tokens {
            table.add([
                .init(token.id), state(token, now: now), .init(token.role ?? "host"),
                .init(token.name ?? token.replaces.map { "replaces \($0)" } ?? ""),
                .init(Quantity.age(token.createdAt, now: now)),
                .init(token.expiresAt.map { Quantity.age($0, now: now) } ?? "never"),
                .init(token.usesLeft.map(String.init) ?? ""), .init(labels: token.labels),
            ])
        }
        return table.lines(look)
    }

    private static func state(_ token: TokenView, now: Date) -> Table.Cell {
        if token.revoked { return .init("revoked", .faint) }
        if let end = token.expiresAt, end <= now { return .init("expired", .faint) }
        return token.usesLeft ?? 1 > 0 ? .init("usable", .good) : .init("used", .faint)
    }
}
