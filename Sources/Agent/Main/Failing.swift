import ArgumentParser
import Daemon
import Foundation

/// Runs a command's work; an error is said on stderr in one line, and becomes the exit status that `--help` documents.
func failing<Value>(_ work: () async throws -> Value) async throws -> Value {
    do {
        return try await work()
    } catch let error as ExitCode {
        throw error
    } catch {
        say("holdfast-agent: \(error)")
        throw ExitCode(ExitStatus(error).rawValue)
    }
}

/// Talk goes to stderr; stdout is for data.
func say(_ line: String) {
    FileHandle.standardError.write(Data((line + "\n").utf8))
}
