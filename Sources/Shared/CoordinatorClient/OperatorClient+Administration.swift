package import Wire

extension OperatorClient {
    /// Declares the fleet. Throws `.configuration` with line and key for a mistake; then nothing was applied.
    package func apply(_ request: ApplyRequest) async throws -> ApplyView {
        try await connection.answer(.post("apply", sending: request))
    }

    /// How the catalog itself stands.
    package func catalogState() async throws -> CatalogStateView { try await connection.answer(.get("catalog")) }

    /// Copies the catalog to every place, now, and waits for it.
    package func copyCatalog() async throws -> [CatalogCopyView] {
        try await connection.answer(.post("catalog", "copies", seconds: 3600))
    }

    /// Asks for the catalog to be completed from manifests; follow it by ``catalogState()``. Throws `.busy` while one is at work.
    package func rebuildCatalog(_ request: RebuildRequest) async throws -> RebuildView {
        try await connection.answer(.post("catalog", "rebuild", sending: request))
    }

    /// Lets hosts in again that the catalog has forgotten; all that wait for no names. Throws `.notFound` for one that does not wait.
    package func admit(_ request: AdmitRequest) async throws -> [StrangerView] {
        try await connection.answer(.post("admissions", sending: request))
    }

    /// A new join token; its secret is in this answer and nowhere else.
    package func createToken(_ request: TokenRequest) async throws -> TokenCreated {
        try await connection.answer(.post("tokens", sending: request))
    }

    /// A new token for a person or a program; its secret is in this answer and nowhere else.
    package func createOperatorToken(_ request: OperatorTokenRequest) async throws -> OperatorTokenCreated {
        try await connection.answer(.post("operator-tokens", sending: request))
    }

    /// Every operator's and join token, without secrets.
    package func tokens() async throws -> [TokenView] { try await connection.answer(.get("tokens")) }

    /// Nobody gets in and no host joins with it any more; those that joined stay.
    package func revokeToken(_ id: String) async throws { try await connection.done(.post("tokens", id, "revoke")) }
}
