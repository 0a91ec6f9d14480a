import Archive
import Domain
import Foundation
import Testing
import Wire

@testable import AgentCore

/// What a host reads again for its coordinator has an end, whatever is said of it (fault 148).
@Suite(.timeLimit(.minutes(2)))
struct VerifyJobTests {
    private func verify(
        _ host: AgentHost, longest: Duration? = nil, _ change: (inout Manifest.Object) -> Void = { _ in }
    ) async throws -> BackupError? {
        let folder = "host-1/database-backups/"
        let files = try FileManager.default.contentsOfDirectory(atPath: host.paths.backups.appending(path: folder).path)
        let name = try files.first { $0.hasSuffix(".json") }.unwrapped()
        let manifest = try Manifest(
            decoding: Array(Data(contentsOf: host.paths.backups.appending(path: folder + name))))
        var object = try manifest.objects.first.unwrapped()
        change(&object)
        let desk = try CommandDesk(
            folder: host.paths.commands, world: host.world, spool: host.spool,
            journal: RunJournal(folder: host.paths.runs))
        do {
            _ = try await VerifyJob(
                order: VerifyOrder(
                    backup: manifest.id, destination: "local",
                    sources: [ObjectSource(object: object, directory: .init(path: nil), key: folder + object.name)]),
                id: UUID(), destinations: try host.destinations(), desk: desk, longest: longest
            ).run()
            return nil
        } catch let error as BackupError {
            return error
        }
    }

    @Test func aReadingHasAnEnd() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        try await host.perform([host.job()])
        #expect(try await verify(host) == nil)
        let bomb = try await verify(host) { $0.plainBytes = .max }
        #expect(bomb?.code == .storageRefused && bomb?.message.contains("not read here") == true)
        let huge = try await verify(host) { ($0.plainBytes, $0.storedBytes) = (.max, .max) }
        #expect(huge?.code == .integrity)
        let long = try await verify(host, longest: .zero)
        #expect(long?.code == .storageRefused && long?.message.contains("longer than its size allows") == true)
    }
}
