import Domain
import Engines
import Foundation
import Glibc
import TestSupport
import Testing
import Threads

@Suite("A child process", .timeLimit(.minutes(6)))
struct ChildProcessTests {
    private func shell(_ script: String) -> ChildProcess {
        ChildProcess(executable: "/bin/sh", arguments: ["-c", script], environment: ChildProcess.baseEnvironment)
    }

    @Test("gives back its output, its errors and how it ended")
    func result() async throws {
        let (ending, output) = try await shell("cat; echo oops >&2; exit 7").collect(
            input: Array("in".utf8), stop: StopSignal())
        #expect(String(decoding: output, as: UTF8.self) == "in")
        #expect(ending == ChildProcess.Ending(status: .exited(7), standardError: "oops"))
        let killed = try await shell("kill -9 $$").run(stop: StopSignal())
        #expect(killed.status == .killed(signal: 9))
    }

    @Test("has only the environment that it was given")
    func environment() async throws {
        setenv("HOLDFAST_TEST_LEAK", "1", 1)
        var child = ChildProcess(
            executable: "/usr/bin/env", arguments: [], environment: ChildProcess.baseEnvironment)
        child.environment["PGDATABASE"] = "x"
        let text = String(decoding: try await child.collect(stop: StopSignal()).output, as: UTF8.self)
        let names = Set(text.split(separator: "\n").compactMap { $0.split(separator: "=").first.map(String.init) })
        #expect(names == ["PATH", "HOME", "LANG", "LC_ALL", "PGDATABASE"])
    }

    @Test("can write any amount of errors; start and end are kept, secrets are not")
    func errorFlood() async throws {
        var child = shell("echo FIRST; for i in $(seq 1 60000); do echo line $i s3cret; done; echo LAST")
        child = ChildProcess(
            executable: child.executable, arguments: ["-c", "{ \(child.arguments[1]); } >&2"],
            environment: child.environment)
        child.secrets = ["s3cret"]
        let text = try await child.run(stop: StopSignal()).standardError
        #expect(text.hasPrefix("FIRST") && text.hasSuffix("LAST"))
        #expect(text.utf8.count < 64 << 10)
        #expect(!text.contains("s3cret"))
    }

    @Test("that is not there is refused")
    func missing() async throws {
        let error = try #require(
            await failure {
                _ = try await ChildProcess(executable: "/nonexistent/pg_dump", arguments: [], environment: [:])
                    .run(stop: StopSignal())
            })
        #expect(error.code == .sourceRefused)
    }

    @Test("does not hang on a grandchild that keeps its pipes, and takes it along")
    func grandchild() async throws {
        let (ending, output) = try await shell("sleep 600 & echo $!; echo words >&2; exit 3").collect(
            stop: StopSignal())
        #expect(ending == ChildProcess.Ending(status: .exited(3), standardError: "words"))
        let pid = try #require(Int32(String(decoding: output, as: UTF8.self).trimmingCharacters(in: .newlines)))
        // It was told to end; how long the kernel takes to carry that out is not ours.
        try await eventually("the grandchild is gone", within: .seconds(10)) { isGone(pid) ? true : nil }
    }

    @Test("does not hang on a grandchild that left the group and keeps the pipes")
    func daemon() async throws {
        let (ending, output) = try await shell("setsid sleep 600 & echo $!; exit 0").collect(stop: StopSignal())
        #expect(ending.isSuccess)
        let pid = try #require(Int32(String(decoding: output, as: UTF8.self).trimmingCharacters(in: .newlines)))
        kill(pid, SIGKILL)
    }

    enum Way: CaseIterable { case stop, cancel, deadline }

    @Test("ends with its whole group, also when that ignores TERM", arguments: Way.allCases)
    func stopped(way: Way) async throws {
        let folder = try Folder()
        let fifo = folder.path + "/ready"
        mkfifo(fifo, 0o600)
        var child = shell("trap '' TERM; sleep 600 & echo $$ $! >\(fifo); wait; wait; sleep 600")
        if way == .deadline { child.deadline = .seconds(5) }
        let stop = StopSignal()
        let running = Task { [child] in try await child.run(stop: stop) }
        let words = await onThread {
            let said = FileHandle(forReadingAtPath: fifo)?.readDataToEndOfFile() ?? Data()
            return String(decoding: said, as: UTF8.self)
        }.split(separator: " ")
        let pids = words.compactMap { Int32($0.trimmingCharacters(in: .newlines)) }
        #expect(pids.count == 2)
        switch way {
        case .stop: stop.stop()
        case .cancel: running.cancel()
        case .deadline: break
        }
        let error = try #require(await failure { _ = try await running.value })
        #expect(error.code == (way == .deadline ? .sourceUnavailable : .cancelled))
        // A signal has been sent to each by now; how long the kernel takes to carry it out is not ours.
        try await eventually("the whole group is gone", within: .seconds(10)) { pids.allSatisfy(isGone) ? true : nil }
    }

    @Test("leaves no descriptor behind, whether it runs or not")
    func descriptors() async throws {
        func open() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        _ = try await shell("true").collect(stop: StopSignal())
        // Found and allowed, and then refused by the kernel: after the pipes were made. And one that is not even found.
        let folder = try Folder()
        try folder.script("noInterpreter", "#!/nonexistent/interpreter\n")
        try folder.script("noProgram", "\u{7f}ELF, and nothing else")
        for program in [folder.path + "/noInterpreter", folder.path + "/noProgram", "/dev/null/x"] {
            #expect(
                try await ChildProcess(executable: program, arguments: [], environment: [:]).collectFailing(),
                "\(program)")
            // Other tests may run beside this one and open files of their own, so only a trend can be seen.
            let before = try open()
            for _ in 0..<200 {
                _ = try await ChildProcess(executable: program, arguments: [], environment: [:]).collectFailing()
            }
            #expect(try open() < before + 100, "\(program)")
        }
        let before = try open()
        for _ in 0..<100 { _ = try await shell("exit 3").collectFailing() }
        #expect(try open() < before + 50)
    }

    private func isGone(_ pid: Int32) -> Bool {
        // A zombie that its new parent has not collected yet is gone too.
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return true }
        return status.contains(") Z ")
    }
}

extension ChildProcess {
    fileprivate func collectFailing() async throws -> Bool {
        do {
            return try await collect(stop: StopSignal()).ending.status != .exited(0)
        } catch {
            return true
        }
    }
}
