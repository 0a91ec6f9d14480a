import Domain
import Foundation
import GRDB

// How values of ours stand in columns: times as milliseconds since 1970, ids as 36 lower-case characters, small
// structures as JSON text.

extension Date {
    var milliseconds: Int64 { Int64((timeIntervalSince1970 * 1000).rounded()) }

    init(milliseconds: Int64) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }
}

extension UUID {
    var text: String { uuidString.lowercased() }
}

extension Row {
    func date(_ column: String) -> Date? { (self[column] as Int64?).map(Date.init(milliseconds:)) }

    func requiredDate(_ column: String) -> Date { Date(milliseconds: self[column]) }

    func uuid(_ column: String) -> UUID? { (self[column] as String?).flatMap(UUID.init(uuidString:)) }

    func requiredUUID(_ column: String) throws -> UUID {
        guard let id = uuid(column) else { throw DamagedRow(words: "column \(column) holds no id") }
        return id
    }

    func json<Value: Decodable>(_ column: String, as type: Value.Type = Value.self) throws -> Value {
        try JSONColumn.decode(self[column] as String)
    }

    func word<Word: RawRepresentable>(_ column: String, as type: Word.Type = Word.self) throws -> Word
    where Word.RawValue == String {
        guard let word = Word(rawValue: self[column]) else {
            throw DamagedRow(words: "column \(column) holds a word that this Holdfast does not know")
        }
        return word
    }

    func name(_ column: String) throws -> DatabaseName {
        do { return try DatabaseName(self[column] as String) } catch {
            throw DamagedRow(words: "column \(column) holds no name of a database")
        }
    }

    func tiers(_ column: String) -> [Tier] {
        (self[column] as String).split(separator: ",").compactMap { Tier(rawValue: String($0)) }
    }
}

enum JSONColumn {
    static func encode(_ value: some Encodable) throws -> String {
        String(decoding: try JSON.encoder().encode(value), as: UTF8.self)
    }

    static func decode<Value: Decodable>(_ text: String) throws -> Value {
        do {
            return try JSON.decoder().decode(Value.self, from: Data(text.utf8))
        } catch {
            throw DamagedRow(words: "a column holds JSON that cannot be read")
        }
    }
}

extension [Tier] {
    var column: String { map(\.rawValue).joined(separator: ",") }
}
