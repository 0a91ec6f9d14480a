import Domain
import Foundation
import Storage
import TestSupport
import Testing
import Threads
import Wire

@testable import AgentCore

/// A directory destination is known by its mark: what stands in its place gets no backup (B6).
@Suite(.timeLimit(.minutes(3))) struct PlaceTests {
    private let files = FileManager.default

    private func place(_ host: AgentHost, _ name: String = "disk") -> (URL, Destination) {
        let url = host.folder.appending(path: name)
        return (url, Destination(name: name, directory: .init(path: url.path)))
    }

    /// A run of its own, to these destinations.
    private func backUp(_ host: AgentHost, _ destinations: [Destination], at seconds: Double) async throws -> RunReport
    {
        var job = try host.job(destinations: destinations)
        job.run = UUID()
        job.nominalAt += seconds
        let before = await host.reports.count
        try await host.perform([job], awaiting: before + 2)
        return try #require(await host.reports.last { $0.run == job.run })
    }

    private func mark(_ url: URL) throws -> UUID? { try DirectoryStore(root: url.path).mark() }

    @Test func anEmptyFolderIsMarkedAtItsFirstUseAndKnownFromThenOn() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let (url, disk) = place(host)
        try files.createDirectory(at: url.appending(path: "lost+found"), withIntermediateDirectories: true)
        #expect(try await backUp(host, [disk], at: 0).event == Word(.succeeded))
        let id = try #require(try mark(url))
        #expect(try await backUp(host, [disk], at: 1).event == Word(.succeeded))
        #expect(try mark(url) == id)
        #expect(try DirectoryStore(root: url.path).list(prefix: "").count == 4, "the mark is no object")
    }

    /// Something lies there already that is not ours: it is marked all the same, so that a mount later on is noticed.
    @Test func aFolderWithOtherFilesIsMarkedToo() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let (url, disk) = place(host)
        try files.createDirectory(at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try Data().write(to: url.appending(path: "NOT_MOUNTED"))
        #expect(try await backUp(host, [disk], at: 0).event == Word(.succeeded))
        #expect(try mark(url) != nil)
    }

    /// The disk is not mounted (nothing there, or an empty mount point), or it is another one: told, and the other destination
    /// gets its backup.
    @Test(arguments: ["absent", "empty", "another", "damaged"])
    func whatStandsInItsPlaceGetsNoBackup(_ kind: String) async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let (url, disk) = place(host)
        #expect(try await backUp(host, [host.local, disk], at: 0).event == Word(.succeeded))
        let away = host.folder.appending(path: "away")
        try files.moveItem(at: url, to: away)
        switch kind {
        case "absent": break
        case "empty":
            try files.createDirectory(
                at: url, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        case "another": _ = try DirectoryStore(root: url.path).setMark(UUID())
        default:
            _ = try DirectoryStore(root: url.path).setMark(UUID())
            try Data("{".utf8).write(to: url.appending(path: DirectoryStore.markName))
        }
        let seen = try RegularFiles.below(url)
        let report = try await backUp(host, [host.local, disk], at: 1)
        #expect(report.event == Word(.failed))
        #expect(report.destinations.filter(\.isComplete).map(\.destination) == ["local"])
        let error = try #require(report.destinations.first { $0.destination == "disk" }?.error)
        #expect(kind == "damaged" ? error.contains("is damaged") : error.contains("mounted"), "\(error)")
        #expect(try RegularFiles.below(url) == seen, "something was written")

        // Nor is what stands there looked at or restored from in its stead.
        let opener = try host.destinations()
        #expect(throws: BackupError.self) { try opener.open(disk, stop: StopSignal()) }

        try? files.removeItem(at: url)
        try files.moveItem(at: away, to: url)
        #expect(try await backUp(host, [host.local, disk], at: 2).event == Word(.succeeded))
    }

    /// An agent of before marks wrote there: marked once. Afterwards a folder without it is refused also when it holds
    /// manifests.
    @Test func aFolderOfBeforeIsMarkedOnceAtTheUpgrade() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let (url, disk) = place(host)
        _ = try await backUp(host, [disk], at: 0)
        try files.removeItem(at: url.appending(path: DirectoryStore.markName))
        try files.removeItem(at: host.paths.places)
        #expect(try await backUp(host, [disk], at: 1).event == Word(.succeeded))
        #expect(try mark(url) != nil)
        try files.removeItem(at: url.appending(path: DirectoryStore.markName))
        let refused = try await backUp(host, [disk], at: 2)
        #expect(refused.event == Word(.failed))
        #expect(
            refused.failure?.message.contains("is the disk mounted?") == true, "\(String(describing: refused.failure))")
        // What the text says to do.
        try files.removeItem(at: host.paths.places)
        #expect(try await backUp(host, [disk], at: 3).event == Word(.succeeded))
    }

    /// Two agents of one shared directory know it by one mark.
    @Test func theMarkOfAnotherAgentIsTakenOver() async throws {
        var (one, two) = (try await AgentHost(), try await AgentHost())
        defer {
            one.remove()
            two.remove()
        }
        let (url, disk) = place(one)
        (one.allowed, two.allowed) = ([url.path], [url.path])
        #expect(try await backUp(one, [disk], at: 0).event == Word(.succeeded))
        let id = try #require(try mark(url))
        #expect(try await backUp(two, [disk], at: 1).event == Word(.succeeded))
        #expect(try mark(url) == id)
        #expect(try DurableFile<[String: UUID]>(url: two.paths.places).load() == [url.path: id])
    }

    /// The book cannot be read: a directory with its mark is believed, one without is not marked anew.
    @Test func aDamagedBookMarksNothing() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let ((url, disk), (other, empty)) = (place(host), place(host, "empty"))
        #expect(try await backUp(host, [disk], at: 0).event == Word(.succeeded))
        try Data("{".utf8).write(to: host.paths.places)
        let refused = try await backUp(host, [empty], at: 1)
        #expect(refused.event == Word(.failed) && refused.failure?.message.contains("places.json") == true)
        #expect(try RegularFiles.below(other) == [])
        let id = try mark(url)
        #expect(try await backUp(host, [disk], at: 2).event == Word(.succeeded))
        #expect(try mark(url) == id)
    }
}
