/// One of the five fields of a cron expression: its name, its range and its words.
enum CronField: CaseIterable {
    case minute, hour, dayOfMonth, month, dayOfWeek

    var name: String {
        switch self {
        case .minute: "minute"
        case .hour: "hour"
        case .dayOfMonth: "day of month"
        case .month: "month"
        case .dayOfWeek: "day of week"
        }
    }

    /// Day of week: 0 and 7 are both Sunday.
    var range: ClosedRange<Int> {
        switch self {
        case .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...7
        }
    }

    /// What `*` stands for: each value once.
    var wholeRange: ClosedRange<Int> { self == .dayOfWeek ? 0...6 : range }

    var words: [String] {
        switch self {
        case .minute, .hour, .dayOfMonth: []
        case .month: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        case .dayOfWeek: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        }
    }

    /// What may stand here, for error messages.
    var expectation: String {
        switch self {
        case .minute, .hour, .dayOfMonth: "\(range.lowerBound) to \(range.upperBound)"
        case .month: "1 to 12 or jan to dec"
        case .dayOfWeek: "0 to 7 or sun to sat (0 and 7 are Sunday)"
        }
    }
}

/// The values of one field as a set of bits, and whether the text began with `*`.
struct CronFieldValues: Hashable, Sendable {
    private(set) var bits: UInt64 = 0
    private(set) var isStarred = false

    /// Reads a list of `*`, `a`, `a-b`, `*/n` and `a-b/n`. Throws the expectation that was not met.
    init(_ field: CronField, _ text: Substring) throws(CronFieldProblem) {
        isStarred = text.hasPrefix("*")
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard !item.isEmpty else {
                throw CronFieldProblem(part: text, expected: "a value before and after each comma")
            }
            try add(item, of: field)
        }
        // Sunday has two numbers; from here on it has one.
        if field == .dayOfWeek, contains(7) { bits = bits & ~(1 << 7) | 1 }
    }

    func contains(_ value: Int) -> Bool { bits & (1 << UInt64(value)) != 0 }

    private mutating func add(_ item: Substring, of field: CronField) throws(CronFieldProblem) {
        let halves = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let range = try Self.range(halves[0], of: field)
        var step = 1
        if halves.count == 2 {
            let longest = field.range.upperBound
            guard halves[0].contains("-") || halves[0] == "*" else {
                throw CronFieldProblem(part: item, expected: "a range or * before the step, such as 5-\(longest)/2")
            }
            guard let number = Self.number(halves[1]), (1...longest).contains(number) else {
                throw CronFieldProblem(part: item, expected: "a step of 1 to \(longest) after /")
            }
            step = number
        }
        for value in stride(from: range.lowerBound, through: range.upperBound, by: step) { bits |= 1 << UInt64(value) }
    }

    private static func range(_ text: Substring, of field: CronField) throws(CronFieldProblem) -> ClosedRange<Int> {
        if text == "*" { return field.wholeRange }
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let first = try value(ends[0], of: field)
        guard ends.count == 2 else { return first...first }
        var last = try value(ends[1], of: field)
        // fri-sun: the week ends with the Sunday that is also 7.
        if field == .dayOfWeek, last == 0, first > 0 { last = 7 }
        guard first <= last else {
            throw CronFieldProblem(part: text, expected: "the smaller value first (write a list to go round the end)")
        }
        return first...last
    }

    private static func value(_ text: Substring, of field: CronField) throws(CronFieldProblem) -> Int {
        if let position = field.words.firstIndex(of: text.lowercased()) {
            return position + field.wholeRange.lowerBound
        }
        guard let number = number(text), field.range.contains(number) else {
            throw CronFieldProblem(part: text, expected: field.expectation)
        }
        return number
    }

    /// One or two digits; `Int` alone would take signs too.
    private static func number(_ text: Substring) -> Int? {
        guard (1...2).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}

/// What is wrong in a field: the part of it, and what was expected there.
struct CronFieldProblem: Error {
    let part: String
    let expected: String

    init(part: Substring, expected: String) {
        self.part = String(part)
        self.expected = expected
    }
}
