import Foundation

/// Collects the command lines of all processes, as anyone on the host can, until it is told to end.
struct ArgumentWatch {
    private let task = Task {
        var seen = Set<String>()
        while !Task.isCancelled {
            seen.formUnion(Self.commandLines())
            // Between two samples; ends early only when the watch ends.
            try? await Task.sleep(for: .milliseconds(10))
        }
        return seen
    }

    /// Everything that was seen.
    func end() async -> Set<String> {
        task.cancel()
        return await task.value
    }

    private static func commandLines() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { Int($0) != nil }.compactMap { pid in
            // A process that has just ended is not there any more.
            guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline"), !bytes.isEmpty else {
                return nil
            }
            return String(decoding: bytes, as: UTF8.self).replacing("\0", with: " ")
        }
    }
}
