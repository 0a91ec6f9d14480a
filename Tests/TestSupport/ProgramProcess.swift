package import Foundation
import Glibc
import Synchronization

/// One of our built programs, running until it is told to end; what it says goes to `log`.
package final class ProgramProcess: Sendable {
    package let pid: Int32
    private let ended = Mutex<Int32?>(nil)

    /// `swift test` builds the programs beside the test runner.
    package static func built(_ name: String) -> String {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        for candidate in [folder, folder.deletingLastPathComponent(), Bundle.main.bundleURL] {
            let path = candidate.appending(path: name).path
            if access(path, X_OK) == 0 { return path }
        }
        return folder.appending(path: name).path
    }

    /// The environment is exactly what is given, with PATH and a locale.
    package init(_ program: String, _ arguments: [String], environment: [String: String], log: URL) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log.path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let merged = ["PATH": path, "LC_ALL": "C.UTF-8"].merging(environment) { $1 }
        var argv = ([program] + arguments).map { strdup($0) } + [nil]
        var envp = merged.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var child: pid_t = 0
        let failure = posix_spawn(&child, program, &actions, nil, &argv, &envp)
        guard failure == 0 else { throw ServerFailure("\(program): \(String(cString: strerror(failure)))") }
        pid = child
    }

    deinit { kill() }

    /// Sends a signal, if it still runs.
    package func signal(_ number: Int32) {
        ended.withLock { if $0 == nil { Glibc.kill(pid, number) } }
    }

    /// Ends it at once, as a crash would.
    package func kill() {
        signal(SIGKILL)
        _ = wait(milliseconds: 10_000)
    }

    /// The exit status (128 + signal for a signal), or nil when it still runs after that time.
    @discardableResult
    package func wait(milliseconds: Int) -> Int32? {
        for _ in 0...(milliseconds / 20) {
            let status: Int32? = ended.withLock { known in
                if let known { return known }
                var raw: Int32 = 0
                guard waitpid(pid, &raw, WNOHANG) == pid else { return nil }
                known = raw & 0x7f == 0 ? (raw >> 8) & 0xff : 128 + (raw & 0x7f)
                return known
            }
            if let status { return status }
            usleep(20_000)
        }
        return nil
    }
}
