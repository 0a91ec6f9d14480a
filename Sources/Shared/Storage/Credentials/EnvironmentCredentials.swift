import Domain
import Foundation

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
struct EnvironmentCredentials: CredentialSource {
    let variables: Variables
    let name = "the environment"

    func load(now: Date) throws(BackupError) -> Credentials? {
        guard let id = variables["AWS_ACCESS_KEY_ID"] else { return nil }
        guard let secret = variables["AWS_SECRET_ACCESS_KEY"] else {
            throw BackupError(.configuration, "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY")
        }
        return Credentials(accessKeyID: id, secretAccessKey: secret, sessionToken: variables["AWS_SESSION_TOKEN"])
    }
}
