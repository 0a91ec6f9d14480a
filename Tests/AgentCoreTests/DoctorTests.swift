import Domain
import Foundation
import Testing

@testable import AgentCore

@Suite(.timeLimit(.minutes(2))) struct DoctorTests {
    private func doctor(
        _ host: AgentHost, _ yaml: String, file: URL? = nil
    ) throws -> Doctor {
        Doctor(
            paths: host.paths,
            configuration: try AgentConfiguration(yaml: yaml, file: "agent.yaml", environment: [:]), file: file,
            world: host.world)
    }

    @Test func aVariableThatIsNotSetIsAFindingAndTheOthersAreLookedAt() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let findings = try await doctor(
            host,
            """
            databases:
              - { name: shop, url: "env:DATABASE_URL" }
              - { name: dev, sqlite: \(host.database.path) }
            """
        ).findings()
        let shop = try findings.first { $0.subject == "database shop" }.unwrapped()
        #expect(!shop.isGood)
        #expect(shop.words.contains("the environment variable DATABASE_URL is not set; set it, or run this with"))
        let dev = try findings.first { $0.subject == "database dev" }.unwrapped()
        #expect(dev.isGood)
        #expect(dev.words.hasPrefix("sqlite"))
    }

    @Test func aPasswordInAFileThatEverybodyMayReadIsAFinding() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let file = host.folder.appending(path: "agent.yaml")
        func words(_ url: String, mode: Int) async throws -> [String] {
            let yaml = "databases:\n  - { name: shop, url: \"\(url)\" }\n"
            try Data(yaml.utf8).write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
            return try await doctor(host, yaml, file: file).findings().filter { $0.subject == "configuration" }
                .map(\.words)
        }
        let open = try await words("postgres://u:CANARY@127.0.0.1:1/shop", mode: 0o644)
        #expect(open.count == 1)
        #expect(open.first?.contains("chmod o-rwx") == true)
        #expect(open.first?.contains("CANARY") == false)
        #expect(try await words("postgres://u:CANARY@127.0.0.1:1/shop", mode: 0o640) == [])
        #expect(try await words("postgres://u@127.0.0.1:1/shop", mode: 0o644) == [])
    }

    @Test func anotherUserThanTheOwnerIsToldWhichOneToBe() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        #expect(Doctor.wrongUser(host.paths) == nil)
        #expect(Doctor.wrongUser(AgentPaths(data: host.folder.appending(path: "none"))) == nil)
        let finding = try Doctor.wrongUser(host.paths, user: geteuid() + 1).unwrapped()
        #expect(!finding.isGood)
        #expect(finding.words.contains("run this as '\(NSUserName())'"))
        let hidden = try Doctor.wrongUser(AgentPaths(data: host.database.appending(path: "data"))).unwrapped()
        #expect(hidden.words.contains("cannot be looked at"))
    }

    @Test func anIdentityThatCannotBeReadIsNotTakenForNone() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let none = #expect(throws: BackupError.self) { try AgentIdentity.load(host.paths) }
        #expect(none?.message.contains("has no agent") == true)
        let unreadable = #expect(throws: BackupError.self) {
            try AgentIdentity.load(AgentPaths(data: host.database.appending(path: "data")))
        }
        #expect(unreadable?.code == .configuration)
        #expect(unreadable?.message.contains("run this as the user of the agent") == true)
    }
}
