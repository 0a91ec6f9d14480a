import ArgumentParser
import CoordinatorClient
import Domain
import Foundation
import Wire

struct TokenGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Let hosts join.",
        subcommands: [TokenCreate.self, TokenList.self, TokenRevoke.self])
}

struct TokenCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Print a join string: all that a host needs to join.",
        discussion: """
            It is good for one host and one hour unless told otherwise. It is a secret, and shown only now.
            Examples:
              holdfast token create
              holdfast token create --uses 20 --expires 8h --label env=prod
              holdfast token create --url https://backup.example.com:8443
            """)

    @Option(help: "For how long: 30min, 1h, 7d.") var expires = SpanArgument(seconds: 3600)
    @Option(help: "How many hosts may join with it.") var uses = 1
    @Option(name: .customLong("label"), help: "A label that the hosts get; may be repeated.") var labels:
        [LabelArgument] = []
    @Option(help: "The address by which the hosts reach the coordinator.") var url: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...100_000).contains(uses) else { throw ValidationError("--uses must be 1 to 100000") }
    }

    func run() async throws {
        let session = try OperatorSession()
        let request = TokenRequest(
            expiresInSeconds: expires.seconds, uses: uses,
            labels: Dictionary(labels.map { ($0.key, $0.value) }) { _, last in last }, url: url)
        let token = try await session.client.createToken(request)
        if output.format == .table {
            session.terminal.say(
                "On the host, before \(Quantity.time(token.expiresAt)):  holdfast-agent join JOIN-STRING")
        }
        try output.show(token, session.terminal) { _ in [SafeText(token.join).text] }
    }
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

    @Argument(help: "The token's id, as `token list` shows it.") var id: String

    func run() async throws {
        let session = try OperatorSession()
        try await session.client.revokeToken(id)
        session.terminal.say("revoked token \(SafeText(id).text)")
    }
}
