package import Domain
import Foundation

/// What an operator pastes on a host: `hf1_` and base64url of the coordinator's URL, its CA's SHA-256, and a token.
package struct JoinString: Codable, Sendable, Equatable, CustomStringConvertible {
    package var url: String
    /// 64 hex digits: SHA-256 of the CA certificate's DER.
    package var caSha256: String
    package var tokenId: String
    package var secret: String

    package init(url: String, caSha256: String, tokenId: String, secret: String) {
        self.url = url
        self.caSha256 = caSha256
        self.tokenId = tokenId
        self.secret = secret
    }

    private static let mark = "hf1_"

    /// Reads the pasted text. Throws `.usage` when it was cut or is something else.
    package init(_ text: String) throws(BackupError) {
        let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard text.hasPrefix(Self.mark), text.utf8.count <= 4096 else {
            throw BackupError(.usage, "not a join string: it begins with hf1_; make one with `holdfast token create`")
        }
        var base64 = text.dropFirst(Self.mark.count)
            .replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
        do {
            guard let data = Data(base64Encoded: base64) else { throw BackupError(.usage, "not base64") }
            self = try JSONDecoder().decode(JoinString.self, from: data)
        } catch {
            // The cause is left out: it could quote the secret.
            throw BackupError(
                .usage, "the join string is damaged: paste the whole line that `holdfast token create` printed")
        }
    }

    package var description: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Four strings always encode.
        let data = (try? encoder.encode(self)) ?? Data()
        return Self.mark
            + data.base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }
}
