import Foundation
import TestSupport
import Testing

/// What is stored comes back as it was, every way that there is, compared without the product (issue 9).
///
/// With HOLDFAST_SAMPLES naming a folder with public sample databases, files and trees (``EveryWayRow/samples(in:)``) those are rows
/// afterwards; HOLDFAST_TABLE names a file for the table.
@Suite("Every row comes back every way", .timeLimit(.minutes(60)))
struct EveryWayTests {
    @Test func rowsThatAreMadeHere() async throws {
        let table = try await table(of: EveryWayRow.made)
        #expect(table.cells(that: \.isRefused) == [], "nothing here has a reason to be refused")
        // Not a test of its own: the gate takes none that can be skipped, and has no samples.
        if let samples = ProcessInfo.processInfo.environment["HOLDFAST_SAMPLES"] { try await take(samples) }
    }

    private func take(_ samples: String) async throws {
        let rows = try EveryWayRow.samples(in: URL(filePath: samples))
        try #require(!rows.isEmpty)
        let table = try await table(of: rows)
        if let file = ProcessInfo.processInfo.environment["HOLDFAST_TABLE"] {
            try Data(table.text(cell: 4000).utf8).write(to: URL(filePath: file))
        }
    }

    /// Takes each row every way, prints the table, and expects that nothing was good and then failed.
    private func table(of rows: [EveryWayRow]) async throws -> EveryWayTable {
        #expect(Set(rows.map(\.entry)).count == rows.count)
        let every = try await EveryWay(rows)
        defer { every.stop() }
        // Databases and all else at the same time, each in their order.
        let chains = [rows.filter { $0.kind == "postgres" }, rows.filter { $0.kind != "postgres" }]
        var taken: [String: [Way: Cell]] = [:]
        await withTaskGroup { group in
            for chain in chains {
                group.addTask {
                    var taken: [String: [Way: Cell]] = [:]
                    for row in chain {
                        do {
                            taken[row.entry] = try await every.take(row)
                        } catch {
                            taken[row.entry] = [.backup: .bad("\(error)")]
                        }
                    }
                    return taken
                }
            }
            for await part in group { taken.merge(part) { $1 } }
        }
        var table = EveryWayTable()
        for row in rows { table.add(row.name, row.format, try taken[row.entry].required()) }
        print(table.text(cell: 60))
        #expect(table.cells(that: \.isBad) == [])
        return table
    }
}
