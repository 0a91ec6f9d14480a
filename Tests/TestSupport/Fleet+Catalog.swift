import Foundation

extension Fleet {
    /// What the catalog holds, read beside the coordinator by the stock client: one line a row, columns parted by `|`.
    package func catalog(_ sql: String) async throws -> [String] {
        let output = try await ProgramOutput.of(
            "sqlite3", ["-cmd", ".timeout 20000", data.appending(path: "catalog.sqlite").path, sql])
        guard output.status == 0 else { throw ServerFailure("sqlite3: \(output.error)") }
        return output.text.split(separator: "\n").map(String.init)
    }

    /// The states of all runs that were carried out, in the order in which they were asked for. One that was skipped because
    /// another was in the way is none of them: whoever asked for it asks again.
    package func runStates() async throws -> [String] {
        try await catalog("SELECT state FROM run WHERE state <> 'skipped' ORDER BY recordedAt, nominalAt")
    }
}
