/// A terminal that a program runs at.
enum Terminal {
    /// Runs it to its end; what the terminal shows is the text.
    static func run(
        _ command: [String], typing input: String, environment: [String: String]
    ) async throws -> ProgramOutput {
        let line = command.map { "'" + $0.replacing("'", with: #"'\''"#) + "'" }.joined(separator: " ")
        return try await ProgramOutput.of(
            "script", ["-qec", line, "/dev/null"], environment: environment.merging(["SHELL": "/bin/sh"]) { $1 },
            input: input)
    }
}
