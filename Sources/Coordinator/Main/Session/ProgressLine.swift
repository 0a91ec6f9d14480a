import Foundation

/// Progress on standard error: one line that is redrawn on a terminal, a line now and then elsewhere.
struct ProgressLine {
    let terminal: Terminal
    private var lastText = ""
    private var lastAt: Date?
    private var isDrawn = false

    /// How seldom a log gets a line when only the figures change, in seconds.
    private static let sparse = 15.0

    init(_ terminal: Terminal) { self.terminal = terminal }

    /// `text` is what is drawn; `stage` changes when a log should have a line at once.
    mutating func show(_ text: String, stage: String, now: Date) {
        let safe = SafeText(text)
        if terminal.talkIsTerminal {
            let line = safe.cut(to: (terminal.talkLook.width ?? 80) - 1).text
            // Return to the start, draw, erase the rest of the old line.
            write("\r\(line)\u{1b}[K")
            isDrawn = true
        } else if stage != lastText || now.timeIntervalSince(lastAt ?? .distantPast) >= Self.sparse {
            write(safe.text + "\n")
            (lastText, lastAt) = (stage, now)
        }
    }

    /// Takes the drawn line away, so that what follows begins on a clean one.
    mutating func clear() {
        guard isDrawn else { return }
        write("\r\u{1b}[K")
        isDrawn = false
    }

    private func write(_ text: String) {
        // Progress that nobody sees is no reason to fail.
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
