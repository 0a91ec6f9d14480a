import ArgumentParser

/// A span of time on the command line: `90s`, `30min`, `1h`, `7d`.
struct SpanArgument: ExpressibleByArgument, CustomStringConvertible, Sendable, Equatable {
    let seconds: Int

    init(seconds: Int) { self.seconds = seconds }

    /// At most a year.
    init?(argument: String) {
        guard let match = argument.wholeMatch(of: /([0-9]{1,8})(s|m|min|h|d)/), let number = Int(match.1) else {
            return nil
        }
        let unit =
            switch match.2 {
            case "s": 1
            case "m", "min": 60
            case "h": 3600
            default: 86400
            }
        let seconds = number * unit
        guard (1...366 * 86400).contains(seconds) else { return nil }
        self.seconds = seconds
    }

    var description: String { seconds % 3600 == 0 ? "\(seconds / 3600)h" : "\(seconds)s" }
    var defaultValueDescription: String { description }
}

/// `key=value` on the command line.
struct LabelArgument: ExpressibleByArgument, Sendable, Equatable {
    let key: String
    let value: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        (key, value) = (String(parts[0]), String(parts[1]))
    }
}
