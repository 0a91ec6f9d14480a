/// Looking for the next and the previous local minute, field by field. Local times are seconds since 1970-01-01 00:00 of
/// the local clock, as if the zone had no rules.
extension CronExpression {
    private static let dayLength = 86_400

    /// The Gregorian calendar repeats after 400 years, weekdays included: what is not in them is never.
    private static let horizon = 400 * 12

    /// The first matching minute that begins after this local time; nil only when there is none at all.
    func nextLocal(after local: Int) -> Int? {
        let minute = local.flooredDivision(by: 60) + 1
        let day = minute.flooredDivision(by: 1440)
        if matches(day: day), let found = nextMinute(from: minute - day * 1440) {
            return day * Self.dayLength + found * 60
        }
        guard let next = nextMatchingDay(after: day), let first = nextMinute(from: 0) else { return nil }
        return next * Self.dayLength + first * 60
    }

    /// The last matching minute that begins at or before this local time.
    func previousLocal(atOrBefore local: Int) -> Int? {
        let minute = local.flooredDivision(by: 60)
        let day = minute.flooredDivision(by: 1440)
        if matches(day: day), let found = previousMinute(from: minute - day * 1440) {
            return day * Self.dayLength + found * 60
        }
        guard let previous = previousMatchingDay(before: day), let last = previousMinute(from: 1439) else { return nil }
        return previous * Self.dayLength + last * 60
    }

    func nextMatchingDay(after day: Int) -> Int? {
        let start = CivilDate(dayNumber: day + 1)
        var (year, month, from) = (start.year, start.month, start.day)
        for _ in 0...Self.horizon {
            let left = matchingDays(year: year, month: month) & (~0 << UInt64(from))
            if left != 0 { return CivilDate(year: year, month: month, day: left.trailingZeroBitCount).dayNumber }
            (year, month, from) = month == 12 ? (year + 1, 1, 1) : (year, month + 1, 1)
        }
        return nil
    }

    private func previousMatchingDay(before day: Int) -> Int? {
        let start = CivilDate(dayNumber: day - 1)
        var (year, month, through) = (start.year, start.month, start.day)
        for _ in 0...Self.horizon {
            let left = matchingDays(year: year, month: month) & ((2 << UInt64(through)) - 1)
            if left != 0 { return CivilDate(year: year, month: month, day: 63 - left.leadingZeroBitCount).dayNumber }
            (year, month, through) = month == 1 ? (year - 1, 12, 31) : (year, month - 1, 31)
        }
        return nil
    }

    private func matches(day: Int) -> Bool {
        let date = CivilDate(dayNumber: day)
        return matchingDays(year: date.year, month: date.month) & (1 << UInt64(date.day)) != 0
    }

    /// The matching days of a month, as bits 1 to 31.
    private func matchingDays(year: Int, month: Int) -> UInt64 {
        guard months.contains(month) else { return 0 }
        let inMonth: UInt64 = (2 << UInt64(CivilDate.daysIn(month: month, year: year))) - 2
        let first = UInt64(CivilDate(year: year, month: month, day: 1).weekday)
        // The week turned so that bit 0 is the weekday of the 1st, then repeated over the month.
        let week = (daysOfWeek.bits >> first | daysOfWeek.bits << (7 - first)) & 0x7f
        let byWeekday = (week | week << 7 | week << 14 | week << 21 | week << 28) << 1
        let eitherWillDo = !daysOfMonth.isStarred && !daysOfWeek.isStarred
        return inMonth & (eitherWillDo ? daysOfMonth.bits | byWeekday : daysOfMonth.bits & byWeekday)
    }

    private func nextMinute(from minuteOfDay: Int) -> Int? {
        let hour = minuteOfDay / 60
        let left = minutes.bits & (~0 << UInt64(minuteOfDay % 60))
        if hours.contains(hour), left != 0 { return hour * 60 + left.trailingZeroBitCount }
        let later = hours.bits & (~0 << UInt64(hour + 1))
        return later == 0 ? nil : later.trailingZeroBitCount * 60 + minutes.bits.trailingZeroBitCount
    }

    private func previousMinute(from minuteOfDay: Int) -> Int? {
        let hour = minuteOfDay / 60
        let left = minutes.bits & ((2 << UInt64(minuteOfDay % 60)) - 1)
        if hours.contains(hour), left != 0 { return hour * 60 + 63 - left.leadingZeroBitCount }
        let earlier = hours.bits & ((1 << UInt64(hour)) - 1)
        return earlier == 0
            ? nil : (63 - earlier.leadingZeroBitCount) * 60 + 63 - minutes.bits.leadingZeroBitCount
    }
}
