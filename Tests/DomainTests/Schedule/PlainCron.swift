import Foundation

/// A second, slow and simple reading of cron expressions made of numbers, lists, ranges and steps, by Foundation's calendar.
struct PlainCron {
    private let fields: [Set<Int>]
    private let stars: [Bool]
    private let calendar: Calendar

    init(_ text: String) {
        let limits = [0...59, 0...23, 1...31, 1...12, 0...6]
        let parts = text.split(separator: " ")
        stars = parts.map { $0.hasPrefix("*") }
        fields = zip(parts, limits).map { part, limit in
            Set(
                part.split(separator: ",").flatMap { item -> [Int] in
                    let halves = item.split(separator: "/")
                    let ends = halves[0].split(separator: "-").compactMap { Int($0) }
                    let range = halves[0] == "*" ? limit : (ends.first ?? 0)...(ends.last ?? 0)
                    let step = halves.count == 2 ? Int(halves[1]) ?? 1 : 1
                    return range.filter { ($0 - range.lowerBound) % step == 0 }
                })
        }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        self.calendar = calendar
    }

    /// Whether the minute matches, its time read as UTC.
    func matches(_ minute: Date) -> Bool {
        // Minute and hour first: the calendar is slow.
        let ofDay = Int(minute.timeIntervalSince1970) / 60 % 1440
        guard fields[0].contains(ofDay % 60), fields[1].contains(ofDay / 60) else { return false }
        let parts = calendar.dateComponents([.day, .month, .weekday], from: minute)
        guard let day = parts.day, let month = parts.month, let weekday = parts.weekday else { return false }
        let (byDay, byWeekday) = (fields[2].contains(day), fields[4].contains(weekday - 1))
        return fields[3].contains(month) && (stars[2] || stars[4] ? byDay && byWeekday : byDay || byWeekday)
    }
}

/// A small generator with a seed, so that a failure can be seen again (Steele, Lea, Flood: splitmix64).
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

extension SplitMix {
    /// An expression that comes true at least now and then.
    mutating func cron() -> String {
        let minute = pick(["*", "0", "0,30", "*/7", "5-50/15", "59", "\(Int.random(in: 0...59, using: &self))"])
        let hour = pick(["*", "2", "*/2", "0,12", "1-3", "23", "\(Int.random(in: 0...23, using: &self))"])
        let day = pick(["*", "*", "1", "*/2", "31", "1-7", "28,29", "\(Int.random(in: 1...28, using: &self))"])
        let month = pick(["*", "*", "1,7", "*/3", "3", "10-12"])
        let weekday = pick(["*", "*", "0", "1-5", "*/2", "3,6"])
        return "\(minute) \(hour) \(day) \(month) \(weekday)"
    }

    /// An expression that comes true on most days, near the hours at which clocks change.
    mutating func denseCron() -> String {
        let minute = pick(["*", "0", "0,30", "*/7", "15,45", "59", "\(Int.random(in: 0...59, using: &self))"])
        let hour = pick(["*", "2", "*/2", "0,23", "1-3", "0-5", "*/23", "\(Int.random(in: 0...3, using: &self))"])
        return "\(minute) \(hour) \(pick(["*", "*", "*/2", "1-25"])) * *"
    }

    mutating func pick(_ options: [String]) -> String { options.randomElement(using: &self) ?? "*" }
}
