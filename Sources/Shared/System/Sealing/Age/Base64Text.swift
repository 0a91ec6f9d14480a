import Foundation

/// Base64 as age writes it: the standard alphabet, without padding, and one text only for the same bytes.
enum Base64Text {
    static func encode(_ bytes: [UInt8]) -> String {
        String(Data(bytes).base64EncodedString().prefix { $0 != "=" })
    }

    /// Nil for anything but what ``encode(_:)`` makes.
    static func decode(_ text: Substring) -> [UInt8]? {
        guard !text.contains("=") else { return nil }
        let padded = text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: String(padded)), encode([UInt8](data)) == text else { return nil }
        return [UInt8](data)
    }
}
