/// A word of a closed set that crosses the wire: one that this program does not know yet survives, and is written back
/// as it came, so that a newer peer never makes an older one fail to decode.
package enum Word<Known: RawRepresentable & Sendable & Hashable>: Codable, Sendable, Hashable
where Known.RawValue == String {
    case known(Known)
    case unknown(String)

    package init(_ known: Known) { self = .known(known) }

    /// The value, when this program knows it.
    package var value: Known? {
        switch self {
        case .known(let known): known
        case .unknown: nil
        }
    }

    package var text: String {
        switch self {
        case .known(let known): known.rawValue
        case .unknown(let text): text
        }
    }

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        self = Known(rawValue: text).map(Word.known) ?? .unknown(text)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
