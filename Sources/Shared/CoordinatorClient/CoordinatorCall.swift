import Domain
import Foundation

/// One call of the coordinator's API: what to ask, and how long the answer may take.
struct CoordinatorCall: Sendable {
    let method: String
    /// Path and query, percent-encoded.
    let target: String
    var body: [UInt8]?
    var seconds = 60

    static func get(
        _ path: String..., query: [(name: String, value: String?)] = []
    ) throws(BackupError) -> CoordinatorCall {
        CoordinatorCall(method: "GET", target: try target(path, query))
    }

    static func post(_ path: String..., seconds: Int = 60) throws(BackupError) -> CoordinatorCall {
        CoordinatorCall(method: "POST", target: try target(path, []), seconds: seconds)
    }

    static func post(_ path: String..., sending value: some Encodable, seconds: Int = 60) throws -> CoordinatorCall {
        var call = CoordinatorCall(method: "POST", target: try target(path, []), seconds: seconds)
        call.body = Array(try JSON.encoder().encode(value))
        return call
    }

    /// Throws `.usage` when `text` is empty: it would ask for another thing (all of them, mostly), or for nothing at all.
    static func require(_ text: String?, _ noun: String) throws(BackupError) {
        guard text?.isEmpty != true else {
            throw BackupError(.usage, "the name or id of the \(noun) is empty; is a variable not set?")
        }
    }

    private static func target(
        _ path: [String], _ query: [(name: String, value: String?)]
    ) throws(BackupError) -> String {
        // What follows the name of a listing names one of it: `agents/db-01`.
        for part in path { try require(part, String(path.first?.dropLast() ?? "")) }
        for (name, value) in query { try require(value, name) }
        let path = "/v1/" + path.map(encoded).joined(separator: "/")
        let query = query.compactMap { name, value in value.map { "\(name)=\(encoded($0))" } }
        return query.isEmpty ? path : path + "?" + query.joined(separator: "&")
    }

    /// Everything but letters, digits, `-`, `_` and `~` becomes `%XX`: the names that stand here are hostile input, and
    /// a `..` must not be taken for a folder.
    private static func encoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.unicodeScalars.append(UnicodeScalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                out += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return out
    }
}
