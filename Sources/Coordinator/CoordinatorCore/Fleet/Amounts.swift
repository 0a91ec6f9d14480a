import Domain

/// Amounts as they are written in settings.
enum Amount {
    /// `90s`, `30m`, `4h`, `2d` or `1w`, in seconds. Throws `.configuration`.
    static func seconds(_ text: String) throws(BackupError) -> Int {
        let units = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int(digits), count <= 100_000, let unit = units[String(text.dropFirst(digits.count))] else {
            throw BackupError(
                .configuration, "expected a duration such as 30m, 4h or 2d, found \"\(text.prefix(20))\"")
        }
        return count * unit
    }

    /// `30%` or `0.3`, more than nothing and at most all. Throws `.configuration`.
    static func share(_ text: String) throws(BackupError) -> Double {
        let number = text.hasSuffix("%") ? Double(text.dropLast()).map { $0 / 100 } : Double(text)
        guard let number, number > 0, number <= 1 else {
            throw BackupError(.configuration, "expected a share such as 30% or 0.3, found \"\(text.prefix(20))\"")
        }
        return number
    }

    /// `1048576`, `10MB`, `10MiB`, in bytes. Throws `.configuration`.
    static func bytes(_ text: String) throws(BackupError) -> Int64 {
        let units: [String: Int64] = [
            "": 1, "B": 1, "kB": 1000, "KB": 1000, "KiB": 1 << 10, "MB": 1_000_000, "MiB": 1 << 20, "GB": 1_000_000_000,
            "GiB": 1 << 30,
        ]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard let count = Int64(digits), count > 0, count <= 1 << 30, let factor = units[String(unit)] else {
            throw BackupError(
                .configuration, "expected a size such as 500000, 10MB or 10MiB, found \"\(text.prefix(20))\"")
        }
        return count * factor
    }
}
