import Glibc
import UnixSignals

/// Does the work of one command. At SIGINT, SIGTERM and SIGHUP (unless that is ignored, as `nohup` has it) `stop` is called, so that
/// the work can end early and put away what it has begun; the second of them ends the program at once.
package func stoppingAtSignals<Value: Sendable>(
    _ stop: @escaping @Sendable () -> Void, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            var isStopped = false
            let signals: [UnixSignal] = isIgnored(SIGHUP) ? [.sigint, .sigterm] : [.sigint, .sigterm, .sighup]
            for await _ in await UnixSignalsSequence(trapping: signals) {
                if isStopped { exit(130) }
                isStopped = true
                stop()
            }
            return nil
        }
        defer { group.cancelAll() }
        while let ended = try await group.next() {
            if let value = ended { return value }
        }
        throw CancellationError()
    }
}

/// By the kernel's word: bit N - 1 of the mask stands for signal N (proc(5)).
private func isIgnored(_ signal: Int32) -> Bool {
    guard let status = try? AtomicFile.read("/proc/self/status", limit: 64 << 10),
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first(where: {
            $0.hasPrefix("SigIgn:")
        }),
        let digits = line.split(whereSeparator: \.isWhitespace).last, let mask = UInt64(digits, radix: 16)
    else { return false }
    return mask & (1 << UInt64(signal - 1)) != 0
}
