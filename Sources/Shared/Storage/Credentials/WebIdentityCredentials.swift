import Domain
import Foundation
import Transfer

/// A token file that the platform keeps fresh (Kubernetes), exchanged at STS for credentials of a role.
struct WebIdentityCredentials: CredentialSource {
    let role: String
    let tokenFile: String
    let session: String?
    /// `https://sts.REGION.amazonaws.com`, or `AWS_ENDPOINT_URL_STS`.
    let endpoint: String
    let client: TransferClient

    let name = "web identity"

    func load(now: Date) throws(BackupError) -> Credentials? {
        let token: String
        do {
            token = try String(contentsOfFile: tokenFile, encoding: .utf8).trimmingCharacters(
                in: .whitespacesAndNewlines)
        } catch {
            throw BackupError(.configuration, "the web identity token file \(tokenFile) cannot be read", cause: error)
        }
        let answer: HTTPResponse
        do {
            answer = try client.send(request(token: token, now: now))
        } catch {
            throw BackupError(.storageUnavailable, "ask STS for credentials", cause: error)
        }
        let document = XMLNode.parse(answer.body)
        guard answer.status == 200, let document, document.name == "AssumeRoleWithWebIdentityResponse",
            let keys = document.first("AssumeRoleWithWebIdentityResult")?.first("Credentials"),
            let id = keys.text("AccessKeyId"), let secret = keys.text("SecretAccessKey"),
            let sessionToken = keys.text("SessionToken"), let expires = keys.text("Expiration").flatMap(Timestamp.date)
        else {
            let code = document?.first("Error")?.text("Code") ?? "status \(answer.status)"
            let isPermanent = (400..<500).contains(answer.status) && answer.status != 429
            throw BackupError(
                isPermanent ? .storageRefused : .storageUnavailable,
                "STS gave no credentials for \(role): \(code); check the role and its trust policy")
        }
        return Credentials(accessKeyID: id, secretAccessKey: secret, sessionToken: sessionToken, expiresAt: expires)
    }

    private func request(token: String, now: Date) -> HTTPRequest {
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role),
            ("RoleSessionName", session ?? "holdfast-\(Int(now.timeIntervalSince1970))"), ("WebIdentityToken", token),
        ]
        let form = fields.map { "\($0.0)=\(URIEncoding.encode($0.1))" }.joined(separator: "&")
        return HTTPRequest(
            "POST", "\(endpoint)/", headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: .bytes(Array(form.utf8)), deadline: .seconds(20))
    }
}
