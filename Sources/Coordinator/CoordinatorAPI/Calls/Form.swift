import Foundation

/// The fields of an HTML form (`application/x-www-form-urlencoded`).
struct Form {
    private var fields: [String: String] = [:]

    /// Any bytes: what does not decode is left out.
    init(_ bytes: [UInt8]) {
        for pair in String(decoding: bytes, as: UTF8.self).split(separator: "&").prefix(32) {
            let parts = pair.split(separator: "=", maxSplits: 1).map {
                $0.replacing("+", with: " ").removingPercentEncoding
            }
            if parts.count == 2, let name = parts[0], let value = parts[1] { fields[name] = value }
        }
    }

    subscript(name: String) -> String? { fields[name] }
}
