/// Colours, only ever added to words that say the same.
enum Tint: Sendable {
    case good, warning, bad, faint, strong

    fileprivate var code: String {
        switch self {
        case .good: "32"
        case .warning: "33"
        case .bad: "1;31"
        case .faint: "2"
        case .strong: "1"
        }
    }
}

/// How output may look where it goes.
struct Look: Sendable {
    /// Columns of the terminal; nil for a file or a pipe, where nothing is cut.
    var width: Int?
    var colour: Bool

    static let plain = Look(width: nil, colour: false)

    func tinted(_ text: String, _ tint: Tint?) -> String {
        guard colour, let tint, !text.isEmpty else { return text }
        return "\u{1b}[\(tint.code)m\(text)\u{1b}[0m"
    }
}
