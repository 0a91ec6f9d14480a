import Domain
import Foundation
import Transfer

/// The endpoint that ECS and EKS give to a container: `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `…_FULL_URI`, with
/// `AWS_CONTAINER_AUTHORIZATION_TOKEN` or `…_TOKEN_FILE`.
struct ContainerCredentials: CredentialSource {
    let variables: Variables
    let client: TransferClient
    let name = "the container's endpoint"

    func load(now: Date) throws(BackupError) -> Credentials? {
        guard let url = try url() else { return nil }
        var request = HTTPRequest("GET", url, deadline: .seconds(5))
        if let token = try token() { request.headers.append(("Authorization", token)) }
        request.answerLimit = 64 << 10
        let answer: HTTPResponse
        do {
            answer = try client.send(request)
        } catch {
            throw BackupError(.storageUnavailable, "ask \(name) for credentials", cause: error)
        }
        guard answer.status == 200 else {
            throw BackupError(.storageUnavailable, "\(name) gave no credentials: status \(answer.status)")
        }
        return try ServiceCredentials.read(answer.body, from: name)
    }

    private func url() throws(BackupError) -> String? {
        if let path = variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] {
            guard path.hasPrefix("/") else {
                throw BackupError(.configuration, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash")
            }
            return "http://169.254.170.2\(path)"
        }
        guard let full = variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] else { return nil }
        // A token sent in the clear to any host would be a way to steal it.
        let near = ["127.0.0.1", "[::1]", "localhost", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]
        let isNear = near.contains { full.hasPrefix("http://\($0)/") || full.hasPrefix("http://\($0):") }
        guard full.hasPrefix("https://") || isNear else {
            throw BackupError(
                .configuration, "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or an address of this host")
        }
        return full
    }

    private func token() throws(BackupError) -> String? {
        guard let path = variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] else {
            return variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        }
        do {
            return try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            throw BackupError(.configuration, "the container's token file \(path) cannot be read", cause: error)
        }
    }
}
