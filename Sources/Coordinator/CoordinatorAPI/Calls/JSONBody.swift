import Domain
import Foundation

/// Reads JSON from anyone: bounded in depth before the decoder, which recurses, sees it. Every failure is `.usage`.
enum JSONBody {
    static let depthLimit = 64

    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws(BackupError) -> Value {
        try check(bytes)
        do {
            return try JSON.decoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw BackupError(.usage, "the request's body does not fit: \(error.words)")
        } catch let error as BackupError {
            // A value that its own type refuses, a database's name for one.
            throw BackupError(.usage, "the request's body does not fit: \(error.message)")
        } catch {
            throw BackupError(.usage, "the request's body is not JSON")
        }
    }

    /// UTF-8 without NUL, not nested deeper than the limit. Brackets within strings do not count.
    static func check(_ bytes: [UInt8]) throws(BackupError) {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw BackupError(.usage, "the request's body is not UTF-8")
        }
        var (depth, isInString, isEscaped) = (0, false, false)
        for byte in bytes {
            switch byte {
            case 0: throw BackupError(.usage, "the request's body holds a NUL")
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\") where isInString: isEscaped = true
            case UInt8(ascii: "\""): isInString.toggle()
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += isInString ? 0 : 1
                guard depth <= depthLimit else {
                    throw BackupError(.usage, "the request's body is nested deeper than \(depthLimit) levels")
                }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= isInString ? 0 : 1
            default: break
            }
        }
    }
}
