import ArgumentParser
import Daemon
import Domain
import Foundation
import Glibc

/// What this process is connected to: data goes to standard output, talk to standard error.
struct Terminal: Sendable {
    let outputIsTerminal: Bool
    let talkIsTerminal: Bool
    /// A person can be asked.
    let isInteractive: Bool
    /// How data may look.
    let look: Look
    let talkLook: Look
    /// Lines of the terminal that data goes to; nil when that is none.
    let rows: Int?

    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        outputIsTerminal = isatty(STDOUT_FILENO) == 1
        talkIsTerminal = isatty(STDERR_FILENO) == 1
        isInteractive = isatty(STDIN_FILENO) == 1 && talkIsTerminal
        let colour = (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        func given(_ name: String) -> Int? { environment[name].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } }
        let columns = given("COLUMNS")
        rows = outputIsTerminal ? given("LINES") ?? Self.size(of: STDOUT_FILENO).rows : nil
        look = Look(
            width: outputIsTerminal ? columns ?? Self.size(of: STDOUT_FILENO).columns : nil,
            colour: outputIsTerminal && colour)
        talkLook = Look(
            width: talkIsTerminal ? columns ?? Self.size(of: STDERR_FILENO).columns : nil,
            colour: talkIsTerminal && colour)
    }

    private static func size(of descriptor: Int32) -> (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 else { return (80, 24) }
        return (size.ws_col > 0 ? Int(size.ws_col) : 80, size.ws_row > 0 ? Int(size.ws_row) : 24)
    }

    /// Data, a line each. Throws when it cannot be written: a full disk must not look like success. A reader that has
    /// seen enough, as `head` has, ends the program without a word.
    func print(_ lines: [String]) throws {
        guard !lines.isEmpty else { return }
        do {
            try FileHandle.standardOutput.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
        } catch let error as NSError where Self.reason(of: error) == EPIPE {
            throw ExitCode(ExitStatus.unread.rawValue)
        } catch {
            throw BackupError(.storageRefused, "standard output cannot be written to; is its disk full?")
        }
    }

    func print(_ line: String) throws { try print([line]) }

    /// What the system call said.
    private static func reason(of error: NSError) -> Int32? {
        (error.userInfo[NSUnderlyingErrorKey] as? NSError).map { Int32($0.code) }
    }

    /// Talk. That nobody hears it is no reason to fail.
    func say(_ lines: [String]) {
        guard !lines.isEmpty else { return }
        try? FileHandle.standardError.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
    }

    func say(_ line: String, _ tint: Tint? = nil) { say([talkLook.tinted(line, tint)]) }

    /// Tells a person who is about to wait what leaving means.
    /// `cancel` is the command that ends the work itself.
    func sayOnWaiting(_ work: String, cancel: String) {
        guard isInteractive else { return }
        say("(^C ends only the waiting: \(work) goes on; `\(cancel)` ends it)")
    }

    /// Asks, and waits for one line; nil at the end of the input.
    func ask(_ question: String) -> String? {
        try? FileHandle.standardError.write(contentsOf: Data((question + " ").utf8))
        return readLine()?.trimmingCharacters(in: .whitespaces)
    }
}
