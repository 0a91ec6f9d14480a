import Foundation
import Wire

enum TokenRendering {
    static func lines(_ tokens: [TokenView], now: Date, _ look: Look) -> [String] {
        guard !tokens.isEmpty else { return ["no tokens"] }
        var table = Table([
            .init(title: "ID"), .init(title: "STATE"), .init(title: "CREATED", dispensable: 1), .init(title: "EXPIRES"),
            .init(title: "USES LEFT", isNumber: true), .init(title: "LABELS", shrinks: true),
        ])
        for token in tokens {
            table.add([
                .init(token.id), state(token, now: now), .init(Quantity.age(token.createdAt, now: now)),
                .init(Quantity.age(token.expiresAt, now: now)), .init("\(token.usesLeft)"), .init(labels: token.labels),
            ])
        }
        return table.lines(look)
    }

    private static func state(_ token: TokenView, now: Date) -> Table.Cell {
        if token.revoked { return .init("revoked", .faint) }
        if token.expiresAt <= now { return .init("expired", .faint) }
        return token.usesLeft > 0 ? .init("usable", .good) : .init("used", .faint)
    }
}
