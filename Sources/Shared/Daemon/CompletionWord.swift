/// A word that a shell offers at TAB. It is hostile text: databases and hosts are named by others.
package struct CompletionWord: Sendable, Equatable {
    package let text: String
    /// What helps to choose it; bash cannot show it.
    package let note: String

    /// Nil for what no shell can offer as it is: empty, or with characters that a terminal would act on.
    package init?(_ text: String, note: String = "") {
        guard !text.isEmpty, !text.unicodeScalars.contains(where: Self.isActedOn) else { return nil }
        self.text = text
        self.note = String(String.UnicodeScalarView(note.unicodeScalars.filter { !Self.isActedOn($0) }))
    }

    /// Whether the shell asks for words, in the middle of a line that somebody types: then nothing is said of what went wrong.
    package static let isAskedFor = CommandLine.arguments.dropFirst().first == "---completion"

    /// As swift-argument-parser's script for that shell takes it, for which bash, zsh and fish are known.
    ///
    /// That for bash hands the words to `compgen -W`, which expands each as if it were typed: without quotes a database that is called
    /// `$(reboot)` would be run by whoever presses TAB. That for zsh takes what follows a colon for a description; that for fish
    /// what follows a tab.
    package func written(for shell: String?) -> String {
        switch shell {
        case "bash": "'" + text.replacing("'", with: #"'\''"#) + "'"
        case "zsh":
            text.replacing(#"\"#, with: #"\\"#).replacing(":", with: #"\:"#) + (note.isEmpty ? "" : ":" + note)
        case "fish": text + (note.isEmpty ? "" : "\t" + note)
        default: text
        }
    }

    private static func isActedOn(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }
}
