import Domain
import Foundation
import Transfer

/// The instance metadata service, version 2 only. `AWS_EC2_METADATA_DISABLED` and
/// `AWS_EC2_METADATA_SERVICE_ENDPOINT` are obeyed. Where it does not answer at once, this is no instance.
struct InstanceMetadataCredentials: CredentialSource {
    let variables: Variables
    let client: TransferClient
    let name = "instance metadata"

    func load(now: Date) throws(BackupError) -> Credentials? {
        guard variables["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true" else { return nil }
        guard let token = answer("PUT", "/latest/api/token", ("X-aws-ec2-metadata-token-ttl-seconds", "21600")),
            token.status == 200
        else { return nil }
        let proof = (name: "X-aws-ec2-metadata-token", value: token.text)
        let folder = "/latest/meta-data/iam/security-credentials/"
        guard let roles = answer("GET", folder, proof) else { return nil }
        // 404: an instance without a role.
        guard roles.status == 200, let role = roles.text.split(whereSeparator: \.isNewline).first else { return nil }
        guard let keys = answer("GET", folder + URIEncoding.encode(String(role)), proof), keys.status == 200 else {
            throw BackupError(.storageUnavailable, "\(name) names a role but gives no credentials for it")
        }
        return try ServiceCredentials.read(keys.body, from: name)
    }

    private var endpoint: String {
        var text = variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254"
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }

    private func answer(_ method: String, _ path: String, _ header: (name: String, value: String)) -> HTTPResponse? {
        var request = HTTPRequest(method, endpoint + path, headers: [header], deadline: .seconds(2))
        request.answerLimit = 64 << 10
        // Not being there is the common answer and no error; a second try covers one lost packet.
        return (try? client.send(request)) ?? (try? client.send(request))
    }
}
