import Catalog
package import Domain
import Foundation
import Sealing
package import Wire

extension Coordinator {
    /// Makes a join token. The join string in the answer is shown once. One that lets a host take an agent's place is an admin's to
    /// make, and serves once; one that less than an admin makes serves once, and for a day at most.
    package func createToken(
        _ request: TokenRequest, by operator: OperatorIdentity
    ) async throws(BackupError) -> TokenCreated {
        try `operator`.require(.operator, "making a join token")
        guard (60...31_536_000).contains(request.expiresInSeconds), (1...100_000).contains(request.uses) else {
            throw BackupError(.usage, "a join token lives for 1 minute to 365 days and serves for 1 to 100000 hosts")
        }
        if request.replaces != nil {
            try `operator`.require(.admin, "letting a host take another's place")
            guard request.uses == 1 else { throw BackupError(.usage, "only one host can take another's place") }
        }
        if `operator`.role < .admin, request.uses > 1 || request.expiresInSeconds > 86_400 {
            throw BackupError(
                .forbidden,
                "a join token for more than one host, or for more than 24 hours, needs a token with the role admin; this "
                    + "one has \(`operator`.role.rawValue)")
        }
        let replaced = try await catalog.read { view in try request.replaces.map { try view.requiredAgent($0) } }
        let now = world.now()
        let names = try await catalog.read { try $0.setting(SettingName.hostnames) } ?? "localhost"
        let url = request.url ?? world.publicURL ?? "https://\(names.prefix { $0 != "," }):\(world.listenPort)"
        guard url.wholeMatch(of: /https:\/\/[A-Za-z0-9.\[\]:_-]+/) != nil else {
            throw BackupError(.usage, "the coordinator's address must be https://host[:port]")
        }
        let secret = try Secret()
        let token = JoinTokenRecord(
            id: secret.id, secretHash: secret.hash, createdAt: now, createdBy: `operator`.tokenId,
            expiresAt: now + TimeInterval(request.expiresInSeconds), usesLeft: request.uses, labels: request.labels,
            replaces: replaced?.id)
        try await catalog.write { update in
            try update.add(token)
            try update.audit(
                `operator`.tokenId, "token create", token.id, detail: replaced.map { "replaces \($0.name)" } ?? "",
                at: now)
        }
        let join = JoinString(
            url: url, caSha256: authority.certificate.fingerprint, tokenId: secret.id, secret: secret.secret)
        return TokenCreated(id: token.id, join: join.description, expiresAt: token.expiresAt)
    }

    /// Makes a token for a person or a program, with which they may do what its role allows. It is shown once.
    package func createOperatorToken(
        _ request: OperatorTokenRequest, by operator: OperatorIdentity
    ) async throws(BackupError) -> OperatorTokenCreated {
        try `operator`.require(.admin, "making an operator's token")
        guard let role = OperatorRole(rawValue: request.role) else {
            throw BackupError(.usage, "the role must be viewer, operator, restorer or admin")
        }
        guard (60...31_622_400).contains(request.expiresInSeconds) else {
            throw BackupError(.usage, "an operator's token lives for 1 minute to 366 days")
        }
        let name = request.name ?? ""
        guard name.utf8.count <= 100, !name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else { throw BackupError(.usage, "a token's name has at most 100 bytes, and no control characters") }
        let now = world.now()
        let secret = try Secret()
        let token = OperatorTokenRecord(
            id: secret.id, secretHash: secret.hash, role: role.rawValue, name: name.isEmpty ? nil : name,
            createdAt: now,
            expiresAt: now + TimeInterval(request.expiresInSeconds))
        try await catalog.write { update in
            try update.add(token)
            try update.audit(
                `operator`.tokenId, "token create", token.id, detail: "\(role.rawValue) \(name)", at: now)
        }
        return OperatorTokenCreated(
            id: token.id, role: token.role, name: token.name, token: OperatorToken.text(secret),
            expiresAt: now + TimeInterval(request.expiresInSeconds))
    }

    /// Operators' tokens and join tokens, each newest first.
    package func tokens(by operator: OperatorIdentity) async throws(BackupError) -> [TokenView] {
        try `operator`.require(.viewer, "listing tokens")
        return try await catalog.read { view in
            let operators = try view.operatorTokens().map { token in
                TokenView(
                    id: token.id, createdAt: token.createdAt, expiresAt: token.expiresAt,
                    revoked: token.revokedAt != nil, role: token.role, name: token.name)
            }
            return try operators
                + view.joinTokens().map { token in
                    TokenView(
                        id: token.id, createdAt: token.createdAt, expiresAt: token.expiresAt, usesLeft: token.usesLeft,
                        labels: token.labels, revoked: token.revokedAt != nil,
                        replaces: try token.replaces.flatMap { try view.agent($0)?.name })
                }
        }
    }

    /// Revokes a join or operator token at once. Throws `.notFound`.
    package func revokeToken(_ id: String, by operator: OperatorIdentity) async throws(BackupError) {
        try `operator`.require(.admin, "revoking a token")
        let now = world.now()
        try await catalog.write { update in
            if try update.isLastAdminToken(id, at: now) {
                throw BackupError(
                    .usage,
                    "this is the last token of an administrator, and nobody could manage this any more: first make "
                        + "another with `holdfast token create --role admin`")
            }
            try update.revokeToken(id, at: now)
            try update.audit(`operator`.tokenId, "token revoke", id, at: now)
            // An older copy would let its holder in again.
            try CatalogMark.advance(update)
        }
        copySoon()
    }
}
