import AgentCore
import Domain
import Foundation
import Glibc

/// Shows on standard error how work goes: on a terminal one line that is redrawn, elsewhere a line where a step begins and where it
/// ends.
struct ProgressTalk {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var pace = Pace()
    private var number = 0
    private var began = ContinuousClock.now
    private var last: WorkProgress.Step?

    /// Does the work, and shows `progress` all the while.
    static func showing<Value: Sendable>(
        _ progress: WorkProgress, _ work: @Sendable () async throws -> Value
    ) async throws -> Value {
        let shown = Task {
            var talk = ProgressTalk()
            while !Task.isCancelled {
                talk.show(progress.step)
                // Cancellation ends the wait, and is looked at in the condition.
                try? await Task.sleep(for: .milliseconds(200))
            }
            talk.show(progress.step)
            talk.endStep()
        }
        let result: Result<Value, any Error>
        do { result = .success(try await work()) } catch { result = .failure(error) }
        shown.cancel()
        await shown.value
        return try result.get()
    }

    private mutating func show(_ step: WorkProgress.Step) {
        guard step.number > 0 else { return }
        if step.number != number {
            endStep()
            (number, began, pace) = (step.number, .now, Pace())
            if !isTerminal {
                say(step.name + (step.total.map { $0 > 0 ? " \(AmountText.size($0))" : "" } ?? ""))
            }
        }
        last = step
        pace.take(step.bytes, at: elapsed)
        guard isTerminal else { return }
        let parts = [
            "\(step.name) \(Pace.amount(step.bytes, of: step.total))", pace.rate, pace.left(of: step.total),
            AmountText.clock(elapsed),
        ]
        let line = parts.filter { !$0.isEmpty }.joined(separator: " · ").prefix(79)
        // Return to the start, draw, erase the rest of the old line.
        write("\r\(line)\u{1b}[K")
    }

    private mutating func endStep() {
        guard let last else { return }
        self.last = nil
        let rate = AmountText.rate(last.bytes, over: elapsed)
        let words =
            "\(last.name): \(AmountText.size(last.bytes)) in \(AmountText.clock(elapsed))"
            + (rate.isEmpty ? "" : " (\(rate))")
        write((isTerminal ? "\r" : "") + words + (isTerminal ? "\u{1b}[K\n" : "\n"))
    }

    private var elapsed: Double {
        let passed = began.duration(to: .now).components
        return Double(passed.seconds) + Double(passed.attoseconds) / 1e18
    }

    private func write(_ text: String) {
        // Progress that nobody sees is no reason to fail.
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
