extension DecodingError {
    /// Where and what is wrong, without the values: those may be secrets. `objects.0.name is missing`.
    package var words: String {
        switch self {
        case .keyNotFound(let key, let context): "\(Self.path(context.codingPath + [key])) is missing"
        case .typeMismatch(let type, let context): "\(Self.path(context.codingPath)) is not of type \(type)"
        case .valueNotFound(_, let context): "\(Self.path(context.codingPath)) is null"
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            "\(Self.path(context.codingPath)) is not valid"
        default: "it is not JSON"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        let path = keys.prefix(16).map { $0.intValue.map(String.init) ?? String($0.stringValue.prefix(64)) }
        return path.isEmpty ? "the value" : path.joined(separator: ".")
    }
}
