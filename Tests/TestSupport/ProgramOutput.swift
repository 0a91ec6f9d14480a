package import Foundation
import Subprocess

/// What a program that ran to its end has said.
package struct ProgramOutput: Sendable {
    /// 128 + signal when a signal ended it.
    package let status: Int32
    package let text: String
    package let error: String

    /// Runs it with exactly this environment (and PATH).
    package static func of(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], input: String = "",
        folder: URL? = nil
    ) async throws -> ProgramOutput {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let variables = ["PATH": path, "LC_ALL": "C.UTF-8"].merging(environment) { $1 }
        let custom = Dictionary(uniqueKeysWithValues: variables.map { (Environment.Key(stringLiteral: $0), $1) })
        // By way of env, which changes the folder and takes a path as well as a name.
        let result = try await Subprocess.run(
            .name("env"), arguments: Arguments(["-C", folder?.path ?? "/", program] + arguments),
            environment: .custom(custom), input: .string(input),
            output: .string(limit: 256 << 20), error: .string(limit: 16 << 20))
        let status: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return ProgramOutput(status: status, text: result.standardOutput, error: result.standardError)
    }
}
