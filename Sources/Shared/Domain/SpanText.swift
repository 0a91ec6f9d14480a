/// How long something takes or lies away, as every view says it: one unit, rounded to the nearest.
package enum SpanText {
    /// `45 s`, `3 min`, `5 h`, `12 days`; hours up to two days. A negative span is `0 s`.
    package static func of(_ seconds: Double) -> String {
        let seconds = max(0, seconds)
        func count(_ unit: Double) -> Int64 { Int64((seconds / unit).rounded()) }
        if count(1) < 60 { return "\(count(1)) s" }
        if count(60) < 60 { return "\(count(60)) min" }
        if count(3600) < 48 { return "\(count(3600)) h" }
        return "\(count(86_400)) days"
    }
}
