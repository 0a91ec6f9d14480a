package import Foundation
import Glibc

/// A server in a process of its own for one test: a Python script of `Tests/Servers`, or any program that prints
/// `port N` on its standard output when it listens, and ends when its standard input is closed.
///
/// Whatever else it prints on standard output before that line stands in ``greeting``; afterwards it must print there
/// no more. Standard error goes to `log`. It is ended by ``stop()``, at the latest when the value goes away; should the
/// test runner itself be killed, the closed input ends it.
package final class ServerProcess: Sendable {
    package let pid: Int32
    /// The port on 127.0.0.1.
    package let port: Int
    /// The lines that came before `port N`.
    package let greeting: [String]
    /// Our end of the socket that is the server's standard input and output.
    private let line: Int32

    /// Starts `python SCRIPT ARGUMENTS…` (`HOLDFAST_PYTHON`, or `python3`) and waits for its port.
    package convenience init(
        script: String, _ arguments: [String] = [], environment: [String: String] = [:], log: URL? = nil
    ) throws {
        let path = Self.servers.appending(path: script).path
        let python = ProcessInfo.processInfo.environment["HOLDFAST_PYTHON"] ?? "python3"
        try self.init(program: python, [path] + arguments, environment: environment, log: log)
    }

    /// Starts a program (looked up in PATH) and waits for its port.
    package init(
        program: String, _ arguments: [String], environment: [String: String] = [:], log: URL? = nil
    ) throws {
        // A socket pair and not two pipes: only it can be made close-on-exec in one step.
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw ServerFailure("socketpair: errno \(errno)") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, log?.path ?? "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let merged = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        var argv = ([program] + arguments).map { strdup($0) } + [nil]
        var envp = merged.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var child: pid_t = 0
        let failure = posix_spawnp(&child, program, &actions, nil, &argv, &envp)
        close(ends[1])  // now, so that a server that dies is seen at once
        guard failure == 0 else {
            close(ends[0])
            throw ServerFailure("\(program): \(String(cString: strerror(failure)))")
        }
        do {
            (port, greeting) = try Self.awaitPort(ends[0], program: ([program] + arguments).joined(separator: " "))
        } catch {
            kill(child, SIGKILL)
            waitpid(child, nil, 0)
            close(ends[0])
            throw error
        }
        (pid, line) = (child, ends[0])
    }

    deinit {
        // Stopped twice is harmless only for the process, so the descriptor is closed here and nowhere else.
        stop()
        close(line)
    }

    /// Ends the process and waits until it is gone: by the end of its input, so that it can tidy up, and after two
    /// seconds by force. May be called more than once.
    package func stop() {
        shutdown(line, Int32(SHUT_RDWR))
        for round in 0... {
            // WNOWAIT: only a process that is still ours, and so still has its pid, is ever signalled.
            var state = siginfo_t()
            guard waitid(P_PID, id_t(pid), &state, WEXITED | WNOHANG | WNOWAIT) == 0 else { return }
            guard state.si_signo == 0 else { break }
            if round == 200 { kill(pid, SIGKILL) }
            usleep(10_000)
        }
        waitpid(pid, nil, 0)
    }

    /// Ends the process as a crash would: it can tidy up nothing.
    package func crash() {
        kill(pid, SIGKILL)
        stop()
    }

    /// The folder `Tests/Servers`.
    package static let servers = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Servers")

    private static func awaitPort(_ descriptor: Int32, program: String) throws -> (Int, [String]) {
        var line: [UInt8] = []
        var lines: [String] = []
        var byte: UInt8 = 0
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&ready, 1, 60_000) == 1, read(descriptor, &byte, 1) == 1 {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                continue
            }
            let text = String(decoding: line, as: UTF8.self)
            if text.hasPrefix("port "), let port = Int(text.dropFirst(5)) { return (port, lines) }
            lines.append(text)
            line = []
        }
        throw ServerFailure("\(program) ended, or said no port within a minute; it said: \(lines)")
    }
}

/// A server that did not start.
package struct ServerFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
