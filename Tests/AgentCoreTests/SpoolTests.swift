import AgentCore
import Domain
import Foundation
import Testing
import Wire

@Suite struct SpoolTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-spool-\(UUID().uuidString)")

    private func result(_ text: String) -> CommandResult {
        CommandResult(command: UUID(), at: Date(timeIntervalSince1970: 0), succeeded: true, message: text)
    }

    private func open() throws -> Spool { try Spool(folder: folder, newID: { UUID() }) }

    /// Fault 5: what is not acknowledged is there after a crash, in its order.
    @Test func itemsSurviveUntilTheyAreRemoved() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let first = try open()
        for text in ["one", "two", "three"] { try await first.add(command: result(text)) }
        let again = try open()
        let items = await again.oldest(count: 10, bytes: 1 << 20)
        #expect(items.map { $0.item.command?.message } == ["one", "two", "three"])
        await again.remove([items[0].name])
        try await again.add(command: result("four"))
        let last = try open()
        #expect(await last.oldest(count: 2, bytes: 1 << 20).map { $0.item.command?.message } == ["two", "three"])
        #expect(await last.depth == 3)
    }

    /// Fault 22: a torn file is put aside and stops nothing.
    @Test func aDamagedItemIsPutAside() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let spool = try open()
        try await spool.add(command: result("good"))
        try Data("{\"id\":".utf8).write(to: folder.appending(path: "0000000000000000.json"))
        let again = try open()
        #expect(await again.oldest(count: 10, bytes: 1 << 20).map { $0.item.command?.message } == ["good"])
        #expect(await again.depth == 1)
        #expect(FileManager.default.fileExists(atPath: folder.appending(path: "damaged-0000000000000000.json").path))
    }

    /// A disk error in one file must not keep all that is told later from the coordinator.
    @Test func anItemThatCannotBeReadHoldsUpNoOther() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let spool = try open()
        try await spool.add(command: result("good"))
        // Not even root reads a folder as a file.
        try FileManager.default.createDirectory(
            at: folder.appending(path: "0000000000000000.json"), withIntermediateDirectories: false)
        let again = try open()
        let items = await again.oldest(count: 10, bytes: 1 << 20)
        #expect(items.map { $0.item.command?.message } == ["good"])
        #expect(await again.commands() == items.compactMap { $0.item.command?.command })
        #expect(await again.depth == 2)
    }

    @Test func aBatchIsBoundedInBytesButNeverEmpty() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let spool = try open()
        for _ in 0..<5 { try await spool.add(command: result(String(repeating: "x", count: 1000))) }
        #expect(await spool.oldest(count: 10, bytes: 2500).count == 2)
        #expect(await spool.oldest(count: 10, bytes: 1).count == 1)
    }
}
