import ArgumentParser
import Domain
import Foundation
import Testing

@testable import holdfast

@Suite struct CommandLineTests {
    private func parse<Command: ParsableCommand>(_ line: String, as type: Command.Type) throws -> Command {
        try #require(try Holdfast.parseAsRoot(line.split(separator: " ").map(String.init)) as? Command)
    }

    @Test func everyCommandHasAnExample() throws {
        func leaves(_ command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
            let below =
                command.configuration.subcommands + command.configuration.groupedSubcommands.flatMap(\.subcommands)
            return below.isEmpty ? [command] : below.flatMap(leaves)
        }
        let all = leaves(Holdfast.self)
        #expect(all.count >= 24)
        for command in all { #expect(command.configuration.discussion.contains("xample"), "\(command)") }
    }

    @Test func aBackupTakesItsSelection() throws {
        let command = try parse(
            "backup create --type all --tier daily --agent db-01 --wait --output r.json", as: BackupCreate.self)
        #expect(command.type == .all && command.tier == .daily && command.agent == "db-01" && command.wait)
        #expect(command.output == "r.json" && command.format == .table)
    }

    @Test func aTokenIsForAHostOrWithARoleForAnOperator() throws {
        let command = try parse("token create --role viewer --name monitoring --expires 90d", as: TokenCreate.self)
        #expect(command.role == .viewer && command.name == "monitoring" && command.expires?.seconds == 90 * 86_400)
        #expect(try parse("token create", as: TokenCreate.self).role == nil)
        for line in [
            "token create --role root", "token create --role viewer --uses 2", "token create --name x",
            "token create --role viewer --label env=prod", "init --data-dir /x --new-token --hostname h",
            "restore 7f3a90c2 --database x", "backup list --limit 0", "backup list --limit 100000",
        ] {
            #expect(throws: (any Error).self, "\(line)") {
                try Holdfast.parseAsRoot(line.split(separator: " ").map(String.init))
            }
        }
        #expect(
            try parse("restore --database inventorysync --agent db-01", as: Restore.self).database == "inventorysync")
        #expect(try parse("backup list", as: BackupList.self).limit == 1000)
    }

    @Test func listingsTakeJSON() throws {
        #expect(try parse("backup list -o json --tier weekly", as: BackupList.self).output.format == .json)
        #expect(try parse("agent list --format json", as: AgentList.self).output.format == .json)
        #expect(try parse("status -o table", as: Status.self).output.format == .table)
    }

    @Test(arguments: [
        "backup create --tier yearly", "backup list --limit 0", "backup list -o xml", "backup verify",
        "backup verify abcd --all",
        "restore abcd --tables a,b", "restore --force", "token create --uses 0", "token create --expires soon",
        "token create --label =x", "serve", "serve --data-dir x --listen nonsense", "apply", "frob",
        "schedule next --limit -1",
    ])
    func aWrongLineIsRefusedBeforeAnythingIsAsked(line: String) {
        #expect(throws: (any Error).self) { try Holdfast.parseAsRoot(line.split(separator: " ").map(String.init)) }
    }

    @Test(arguments: [
        ("0.0.0.0:8443", "0.0.0.0", 8443), ("127.0.0.1:0", "127.0.0.1", 0), ("[::1]:99", "::1", 99),
        ("localhost:1", "localhost", 1),
    ])
    func anAddressToListenOnIsHostAndPort(text: String, host: String, port: Int) throws {
        let address = try #require(ListenAddress(argument: text))
        #expect(address == ListenAddress(host: host, port: port))
        #expect(address.description == text)
    }

    @Test(arguments: ["8443", ":8443", "host:", "host:99999", "::1:80", "a b:1"]) func whatIsNoAddressIsRefused(
        text: String
    ) {
        #expect(ListenAddress(argument: text) == nil)
    }

    @Test(arguments: [("90s", 90), ("30min", 1800), ("1h", 3600), ("7d", 604_800), ("5m", 300)])
    func spansHaveUnits(text: String, seconds: Int) { #expect(SpanArgument(argument: text)?.seconds == seconds) }

    @Test(arguments: ["", "5", "0s", "-1h", "1w", "99999999d", "1.5h"]) func whatIsNoSpanIsRefused(text: String) {
        #expect(SpanArgument(argument: text) == nil)
    }

    @Test func aCoordinatorAnswersToLoopbackAlways() {
        #expect(Init.names(["backup.example.com"]) == ["backup.example.com", "localhost", "127.0.0.1", "::1"])
        #expect(Init.names(["localhost"]) == ["localhost", "127.0.0.1", "::1"])
        #expect(Init.names([]).first?.isEmpty == false)
    }
}
