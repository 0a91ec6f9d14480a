extension Fleet {
    /// `backup create --wait`, whatever its exit status.
    ///
    /// A run has ended in the coordinator's eyes a moment before or after it has in the agent's, and what is asked for in
    /// between is skipped. It is asked for again then.
    package func backUp(_ arguments: [String] = []) async throws -> ProgramOutput {
        try await eventually("no earlier run is in the way") {
            let output = try await run(["backup", "create", "--wait"] + arguments, input: "")
            let isSkipped = ["is still at work", "is at work already"].contains { output.error.contains($0) }
            return isSkipped ? nil : output
        }
    }
}
