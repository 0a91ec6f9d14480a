import Foundation

/// Sizes, rates and times taken as every program says them.
package enum AmountText {
    /// `512 B`, `1.5 GB`, `537 MB`: powers of 1000.
    package static func size(_ bytes: Int64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
        var value = Double(bytes)
        var unit = 0
        // 999.95 kB would be printed as 1000.0 kB: it is 1.0 MB.
        while abs(value) >= (unit == 0 ? 1000 : 999.5), unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        guard unit > 0 else { return "\(bytes) B" }
        return abs(value) < 99.95 ? "\(tenths(value)) \(units[unit])" : "\(Int64(value.rounded())) \(units[unit])"
    }

    /// `310 MB/s`; empty when no time (in seconds) has passed, or nothing came.
    package static func rate(_ bytes: Int64, over seconds: Double) -> String {
        seconds > 0.2 && bytes > 0 ? size(Int64(Double(bytes) / seconds)) + "/s" : ""
    }

    /// `0:12`, `3:05`, `1:02:09` of so many seconds.
    package static func clock(_ seconds: Double) -> String {
        let whole = Int64(max(0, seconds))
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static func tenths(_ value: Double) -> String {
        value.formatted(
            .number.precision(.fractionLength(1)).grouping(.never).locale(Locale(identifier: "en_US_POSIX")))
    }
}
