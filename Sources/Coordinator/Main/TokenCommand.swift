import ArgumentParser
import CoordinatorClient
import Domain
import Foundation
import Wire

struct TokenGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Let hosts join, and operators in.",
        subcommands: [TokenCreate.self, TokenList.self, TokenRevoke.self])
}

struct TokenCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Print a join string for a host, or with --role a token for an operator.",
        discussion: """
            A join string is good for one host and one hour, an operator's token for a year, unless told otherwise. Both \
            are secrets, and shown only now. A viewer looks; an operator also backs up, verifies and lets hosts join; a \
            restorer also restores; an admin does everything. Only an admin makes operators' tokens, and join strings for more \
            than one host or one day.
            A host that was built anew takes the place of the old one with --replace: it gets the old one's name, its databases \
            and backups stay under it and count as the new one's own, and the old one's key is refused from then on.
            Examples:
              holdfast token create
              holdfast token create --uses 20 --expires 8h --label env=prod
              holdfast token create --url https://backup.example.com:8443
              holdfast token create --replace db-01
              holdfast token create --role viewer --name monitoring --expires 90d
            """)

    @Option(help: "Make an operator's token: viewer, operator, restorer or admin.") var role: TokenRole?
    @Option(help: "Whose token it is, for `token list` (with --role).") var name: String?
    @Option(help: "For how long: 30min, 1h, 7d (default: 1h, or 365d with --role).") var expires: SpanArgument?
    @Option(help: "How many hosts may join with it.") var uses = 1
    @Option(name: .customLong("label"), help: "A label that the hosts get; may be repeated.") var labels:
        [LabelArgument] = []
    @Option(help: "The agent, by name or id, whose place the host takes.", completion: Offered.agents) var replace:
        String?
    @Option(help: "The address by which the hosts reach the coordinator.") var url: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...100_000).contains(uses) else { throw ValidationError("--uses must be 1 to 100000") }
        guard role == nil || (uses == 1 && labels.isEmpty && url == nil && replace == nil) else {
            throw ValidationError(
                "--uses, --label, --url and --replace are for hosts that join; leave them out with --role")
        }
        guard replace == nil || uses == 1 else { throw ValidationError("--replace is for one host: leave out --uses") }
        guard role != nil || name == nil else { throw ValidationError("--name is for operators: say --role too") }
    }

    func run() async throws {
        let session = try OperatorSession()
        if let role { return try await createOperator(role, session) }
        let request = TokenRequest(
            expiresInSeconds: expires?.seconds ?? 3600, uses: uses,
            labels: Dictionary(labels.map { ($0.key, $0.value) }) { _, last in last }, url: url,
            replaces: replace)
        let token = try await session.client.createToken(request)
        if output.format == .table {
            session.terminal.say(
                "On the host, before \(Quantity.time(token.expiresAt)):  holdfast-agent join JOIN-STRING")
        }
        try output.show(token, session.terminal) { _ in [SafeText(token.join).text] }
    }

    private func createOperator(_ role: TokenRole, _ session: OperatorSession) async throws {
        let token = try await session.client.createOperatorToken(
            OperatorTokenRequest(
                role: role.rawValue, name: name, expiresInSeconds: expires?.seconds ?? 365 * 86_400))
        if output.format == .table {
            session.terminal.say(
                "Role \(role.rawValue), until \(Quantity.time(token.expiresAt)). The operator sets HOLDFAST_TOKEN to:")
        }
        try output.show(token, session.terminal) { _ in [SafeText(token.token).text] }
    }
}

/// What an operator's token allows.
enum TokenRole: String, ExpressibleByArgument, CaseIterable, Sendable {
    case viewer, `operator`, restorer, admin
}

struct TokenList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List tokens, without their secrets.", discussion: "Example: holdfast token list"
    )

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let tokens = try await session.client.tokens()
        try output.show(tokens, session.terminal) { TokenRendering.lines(tokens, now: Date(), $0) }
    }
}

struct TokenRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Make a token useless. Hosts that joined with it stay.",
        discussion: "Example: holdfast token revoke 7f3a90c2")

    @Argument(help: "The token's id, as `token list` shows it.", completion: Offered.tokens) var id: String

    func run() async throws {
        let session = try OperatorSession()
        try await session.client.revokeToken(id)
        session.terminal.say("revoked token \(SafeText(id).text)")
    }
}
