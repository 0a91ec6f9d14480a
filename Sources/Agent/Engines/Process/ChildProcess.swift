package import Domain
import Foundation
import Glibc
import Subprocess
import SystemPackage
package import Threads

/// One run of a tool: pg_dump, psql, pg_restore, tar.
///
/// The child gets a process group of its own, no descriptor but its three, and only the environment named here. It ends
/// with the task, with the stop signal and with its deadline: the whole group gets TERM, three seconds later KILL; and
/// what is left of the group when the child has ended is killed too, so that no grandchild holds a pipe open.
///
/// When the agent itself is killed, the kernel ends the child (`PR_SET_PDEATHSIG`, set by `setpriv` from util-linux where
/// there is one, otherwise the service's cgroup does it). That signal is bound to the *thread* that made the child, which
/// in swift-subprocess is one worker thread that lives as long as the process.
package struct ChildProcess: Sendable {
    /// Absolute path.
    package var executable: String
    package var arguments: [String]
    package var environment: [String: String]
    /// Never shown: replaced in what the tool writes to its standard error.
    package var secrets: [String] = []
    /// Hears of what the tool writes to its standard error, as it comes and as it is; nil at its end. On a thread of the
    /// cooperative pool.
    package var onError: (@Sendable (UnsafeRawBufferPointer?) -> Void)?
    /// The longest that it may run.
    package var deadline: Duration?

    package init(executable: String, arguments: [String], environment: [String: String]) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
    }

    /// How a child ended. Not 0 is an answer, not an error: the engine knows what it means.
    package struct Ending: Sendable, Equatable {
        package enum Status: Sendable, Equatable {
            case exited(Int32)
            case killed(signal: Int32)
        }
        package var status: Status
        /// Start and end of what it wrote to standard error, without secrets.
        package var standardError: String

        package init(status: Status, standardError: String) {
            self.status = status
            self.standardError = standardError
        }

        package var isSuccess: Bool { status == .exited(0) }
    }

    /// What every child gets, whatever it is.
    package static var baseEnvironment: [String: String] {
        let own = ProcessInfo.processInfo.environment
        return [
            "PATH": own["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": own["HOME"] ?? "/nonexistent", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
        ]
    }

    /// Runs it to its end. `input` and `output` (nil is /dev/null) are closed in this process as soon as the child has
    /// them, or cannot be made.
    ///
    /// Throws `.sourceRefused` when there is no such program, `.cancelled` when the task was cancelled or `stop` stopped,
    /// `.sourceUnavailable` when the deadline passed or no process could be made.
    package func run(
        input: Descriptor? = nil, output: Descriptor? = nil, stop: StopSignal
    ) async throws(BackupError) -> Ending {
        defer {
            input?.close()
            output?.close()
        }
        guard access(executable, X_OK) == 0 else {
            throw BackupError(.sourceRefused, "\(executable) is not there or cannot be run")
        }
        let race = await withTaskGroup(of: Event.self) { group in
            group.addTask { await launched(input: input, output: output) }
            group.addTask { await watch(stop) }
            var interruption: BackupError?
            for await event in group {
                switch event {
                case .ended(let result):
                    group.cancelAll()
                    return (result, interruption)
                case .interrupted(let error):
                    interruption = error
                    group.cancelAll()
                }
            }
            return (.failure(BackupError(.bug, "a child process ended without a result")), interruption)
        }
        if let interruption = race.1 { throw interruption }
        return try race.0.get()
    }

    private enum Event: Sendable {
        case ended(Result<Ending, BackupError>)
        case interrupted(BackupError)
    }

    /// Waits for a reason to end the child early.
    private func watch(_ stop: StopSignal) async -> Event {
        let limit = deadline.map { ContinuousClock.now + $0 }
        while !stop.isStopped {
            if let limit, ContinuousClock.now > limit {
                return .interrupted(
                    BackupError(
                        .sourceUnavailable, "\(name) was ended because it took longer than \(deadline ?? .zero)"))
            }
            do { try await Task.sleep(for: .milliseconds(50)) } catch { break }
        }
        return .interrupted(BackupError(.cancelled, "\(name) was ended because the work was stopped"))
    }

    private var name: String { String(executable.split(separator: "/").last ?? "the tool") }

    private func launched(input: Descriptor?, output: Descriptor?) async -> Event {
        do {
            return .ended(.success(try await launch(input: input ?? .null(), output: output ?? .null())))
        } catch let error as BackupError {
            return .ended(.failure(error))
        } catch {
            return .ended(.failure(BackupError(.sourceUnavailable, "starting \(name)", cause: error)))
        }
    }

    private func launch(input: Descriptor, output: Descriptor) async throws -> Ending {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(3))
        ]
        let (program, words) = commandLine
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(words), environment: exactEnvironment,
            platformOptions: options,
            input: .fileDescriptor(input.file, closeAfterSpawningProcess: false),
            output: .fileDescriptor(output.file, closeAfterSpawningProcess: false), error: .sequence
        ) { execution in
            input.close()
            output.close()
            var tail = ErrorTail()
            do {
                for try await piece in execution.standardError {
                    piece.withUnsafeBytes { bytes in
                        tail.append(bytes)
                        onError?(bytes)
                    }
                }
            } catch {
                // The child is being ended; how it ended is known below.
            }
            onError?(nil)
            let child = execution.processIdentifier.value
            await onThread { Self.endGroup(of: child) }
            return tail
        }
        let status: Ending.Status =
            switch result.terminationStatus {
            case .exited(let code): .exited(code)
            case .signaled(let signal): .killed(signal: signal)
            }
        return Ending(status: status, standardError: result.closureResult.text(hiding: secrets))
    }

    /// Waits until the child has ended and kills what remains of its group. The child is not reaped yet, so that its
    /// number cannot stand for anyone else.
    private static func endGroup(of child: pid_t) {
        var info = siginfo_t()
        while waitid(P_PID, id_t(child), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        kill(-child, SIGKILL)
    }

    private var exactEnvironment: Environment {
        .custom(
            Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }))
    }

    private var commandLine: (String, [String]) {
        let setpriv = "/usr/bin/setpriv"
        guard access(setpriv, X_OK) == 0 else { return (executable, arguments) }
        return (setpriv, ["--pdeathsig", "TERM", "--", executable] + arguments)
    }
}

extension ChildProcess {
    /// Runs it with `input` as its standard input and hands back what it wrote. More than `limit` bytes of output are
    /// an error.
    package func collect(input: [UInt8] = [], limit: Int = 16 << 20, stop: StopSignal) async throws(BackupError)
        -> (ending: Ending, output: [UInt8])
    {
        let given = try Descriptor.pipe()
        let taken = try Descriptor.pipe()
        let childEnded = StopSignal()
        async let writing: Void = onThread {
            withoutBrokenPipeSignal {
                // A child that does not read its input says why by its exit status.
                input.withUnsafeBytes { try? given.writer.write($0) }
                given.writer.close()
            }
        }
        async let reading: Result<[UInt8], BackupError> = onThread { () -> Result<[UInt8], BackupError> in
            var bytes: [UInt8] = []
            do throws(BackupError) {
                try taken.reader.readToEnd(abandoned: { childEnded.isStopped }) { (piece) throws(BackupError) in
                    guard bytes.count + piece.count <= limit else {
                        throw BackupError(.integrity, "\(name) wrote more than \(limit) bytes")
                    }
                    bytes.append(contentsOf: piece)
                }
                return .success(bytes)
            } catch {
                taken.reader.close()
                return .failure(error)
            }
        }
        let ended: Result<Ending, BackupError>
        do throws(BackupError) {
            ended = .success(try await run(input: given.reader, output: taken.writer, stop: stop))
        } catch {
            ended = .failure(error)
        }
        childEnded.stop()
        await writing
        let output = await reading
        return (try ended.get(), try output.get())
    }
}
