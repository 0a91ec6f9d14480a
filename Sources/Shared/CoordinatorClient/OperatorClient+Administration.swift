package import Wire

extension OperatorClient {
    /// Declares the fleet. Throws `.configuration` with line and key for a mistake; then nothing was applied.
    package func apply(_ request: ApplyRequest) async throws -> ApplyView {
        try await connection.answer(.post("apply", sending: request))
    }

    /// A new join token; its secret is in this answer and nowhere else.
    package func createToken(_ request: TokenRequest) async throws -> TokenCreated {
        try await connection.answer(.post("tokens", sending: request))
    }

    /// Every join token, without secrets.
    package func tokens() async throws -> [TokenView] { try await connection.answer(.get("tokens")) }

    /// No host joins with it any more; those that did stay.
    package func revokeToken(_ id: String) async throws { try await connection.done(.post("tokens", id, "revoke")) }
}
