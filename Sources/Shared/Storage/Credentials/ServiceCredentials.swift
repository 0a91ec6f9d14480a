import Domain
import Foundation

/// The JSON in which the container endpoint and the instance metadata service hand out credentials.
struct ServiceCredentials: Decodable {
    let accessKeyID: String
    let secretAccessKey: String
    let token: String?
    let expiration: String?
    let code: String?

    enum CodingKeys: String, CodingKey {
        case accessKeyID = "AccessKeyId"
        case secretAccessKey = "SecretAccessKey"
        case token = "Token"
        case expiration = "Expiration"
        case code = "Code"
    }

    /// Throws `.storageUnavailable` when it is not that JSON, or not a success. The error never quotes the answer.
    static func read(_ body: [UInt8], from source: String) throws(BackupError) -> Credentials {
        // The decoder's error could quote what it read.
        guard let answer = try? JSONDecoder().decode(Self.self, from: Data(body)), answer.code ?? "Success" == "Success"
        else { throw BackupError(.storageUnavailable, "\(source) answered without credentials") }
        return Credentials(
            accessKeyID: answer.accessKeyID, secretAccessKey: answer.secretAccessKey, sessionToken: answer.token,
            expiresAt: answer.expiration.flatMap(Timestamp.date))
    }
}
