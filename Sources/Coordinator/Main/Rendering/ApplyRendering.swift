import Wire

enum ApplyRendering {
    /// The difference, as the coordinator worded it: `+` new, `-` gone, `~` changed.
    static func lines(_ view: ApplyView, _ look: Look) -> [String] {
        view.changes.map { change in
            let tint: Tint? =
                switch change.first {
                case "+": .good
                case "-": .bad
                case "~": .warning
                default: nil
                }
            // A change may have several lines; each is made safe by itself.
            return change.split(separator: "\n", omittingEmptySubsequences: false)
                .map { look.tinted(SafeText(String($0)).text, tint) }.joined(separator: "\n")
        }
    }
}
