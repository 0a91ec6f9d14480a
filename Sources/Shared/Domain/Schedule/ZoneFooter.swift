/// The rule at the end of a compiled zone, as POSIX writes it in `TZ`: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct ZoneFooter: Sendable {
    private let standard: Int
    private var summer: Summer?

    private struct Summer {
        var offset: Int
        var begin: Day
        var end: Day
    }

    /// A day of every year, and the seconds after its midnight by the clock that was shown until then.
    private struct Day {
        enum Kind {
            case ofMonth(month: Int, week: Int, weekday: Int)
            /// From 1, and 29 February is never counted.
            case julian(Int)
            /// From 0, and it is.
            case zeroBased(Int)
        }
        var kind: Kind
        var seconds: Int

        func localSeconds(year: Int) -> Int {
            let first = CivilDate(year: year, month: 1, day: 1).dayNumber
            let day: Int
            switch kind {
            case .ofMonth(let month, let week, let weekday):
                let start = CivilDate(year: year, month: month, day: 1)
                var date = 1 + (weekday - start.weekday + 7) % 7 + (week - 1) * 7
                while date > CivilDate.daysIn(month: month, year: year) { date -= 7 }
                day = start.dayNumber + date - 1
            case .julian(let number):
                let isAfterLeapDay = number >= 60 && CivilDate.daysIn(month: 2, year: year) == 29
                day = first + number - 1 + (isAfterLeapDay ? 1 : 0)
            case .zeroBased(let number): day = first + number
            }
            return day * 86_400 + seconds
        }
    }

    /// Nil for what it does not understand.
    init?(_ text: String) {
        var rest = text[...]
        guard Self.skipName(&rest), let standard = Self.time(&rest) else { return nil }
        self.standard = -standard
        guard !rest.isEmpty else { return }
        guard Self.skipName(&rest) else { return nil }
        let offset = rest.first == "," ? self.standard + 3600 : Self.time(&rest).map { -$0 }
        guard let offset, let begin = Self.day(&rest), let end = Self.day(&rest), rest.isEmpty else { return nil }
        summer = Summer(offset: offset, begin: begin, end: end)
    }

    /// Local time minus UTC at an instant in seconds since 1970.
    func offset(at instant: Int) -> Int {
        guard let summer else { return standard }
        let year = CivilDate(dayNumber: (instant + standard).flooredDivision(by: 86_400)).year
        let begin = summer.begin.localSeconds(year: year) - standard
        let end = summer.end.localSeconds(year: year) - summer.offset
        let isSummer = begin < end ? begin <= instant && instant < end : !(end <= instant && instant < begin)
        return isSummer ? summer.offset : standard
    }

    private static func skipName(_ rest: inout Substring) -> Bool {
        guard let match = rest.prefixMatch(of: /<[A-Za-z0-9+\-]+>|[A-Za-z]{3,}/) else { return false }
        rest = rest[match.range.upperBound...]
        return true
    }

    /// `[+-]hh[:mm[:ss]]`, in seconds.
    private static func time(_ rest: inout Substring) -> Int? {
        guard let match = rest.prefixMatch(of: /([+\-]?)([0-9]{1,3})(?::([0-9]{2}))?(?::([0-9]{2}))?/) else {
            return nil
        }
        rest = rest[match.range.upperBound...]
        let parts = [match.2, match.3 ?? "0", match.4 ?? "0"].compactMap { Int($0) }
        guard parts.count == 3, parts[0] <= 167 else { return nil }
        return (match.1 == "-" ? -1 : 1) * (parts[0] * 3600 + parts[1] * 60 + parts[2])
    }

    /// `,Mm.w.d[/time]`, `,Jn[/time]` or `,n[/time]`; two in the morning without a time.
    private static func day(_ rest: inout Substring) -> Day? {
        guard let match = rest.prefixMatch(of: /,(?:M([0-9]{1,2})\.([1-5])\.([0-6])|(J?)([0-9]{1,3}))/) else {
            return nil
        }
        rest = rest[match.range.upperBound...]
        let kind: Day.Kind
        if let month = match.1.flatMap({ Int($0) }), let week = match.2.flatMap({ Int($0) }),
            let weekday = match.3.flatMap({ Int($0) })
        {
            guard (1...12).contains(month) else { return nil }
            kind = .ofMonth(month: month, week: week, weekday: weekday)
        } else if let number = match.5.flatMap({ Int($0) }), number <= 365 {
            kind = match.4 == "J" ? .julian(number) : .zeroBased(number)
        } else {
            return nil
        }
        guard rest.first == "/" else { return Day(kind: kind, seconds: 7200) }
        rest = rest.dropFirst()
        return time(&rest).map { Day(kind: kind, seconds: $0) }
    }
}
