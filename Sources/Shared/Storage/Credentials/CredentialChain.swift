package import Domain
package import Foundation
import Synchronization
import Transfer

/// The usual places in the usual order, the first one in use wins: environment, web identity, shared files, container,
/// instance metadata. What was found is kept and renewed five minutes before its end.
package final class CredentialChain: CredentialProvider {
    private struct State {
        var current: Credentials?
        var lastLook: Date?
    }

    private let sources: [any CredentialSource]
    private let now: @Sendable () -> Date
    // Held while a service is asked: others who need credentials would ask the same.
    private let state = Mutex(State())

    /// `variables` is the environment of the process, `home` the user's home directory.
    package init(
        variables: [String: String], home: String, region: String = "us-east-1", now: @escaping @Sendable () -> Date
    ) {
        let variables = Variables(variables)
        var near = TransferOptions()
        near.proxy = .none
        near.connectTimeout = .seconds(1)
        let nearClient = TransferClient(near)
        let sts = variables["AWS_ENDPOINT_URL_STS"] ?? "https://sts.\(variables["AWS_REGION"] ?? region).amazonaws.com"
        var far = TransferOptions()
        if let bundle = variables["AWS_CA_BUNDLE"] { far.trust = .file(bundle) }
        let farClient = TransferClient(far)
        let webIdentity: @Sendable (String, String, String?) -> any CredentialSource = { role, file, session in
            WebIdentityCredentials(role: role, tokenFile: file, session: session, endpoint: sts, client: farClient)
        }
        var sources: [any CredentialSource] = [EnvironmentCredentials(variables: variables)]
        if let role = variables["AWS_ROLE_ARN"], let file = variables["AWS_WEB_IDENTITY_TOKEN_FILE"] {
            sources.append(webIdentity(role, file, variables["AWS_ROLE_SESSION_NAME"]))
        }
        sources += [
            SharedFileCredentials(variables: variables, home: home, webIdentity: webIdentity),
            ContainerCredentials(variables: variables, client: nearClient),
            InstanceMetadataCredentials(variables: variables, client: nearClient),
        ]
        self.sources = sources
        self.now = now
    }

    /// Sources of one's own.
    package init(sources: [any CredentialSource], now: @escaping @Sendable () -> Date) {
        self.sources = sources
        self.now = now
    }

    package func credentials(replacing rejected: Credentials?) throws(BackupError) -> Credentials {
        let result: Result<Credentials, BackupError> = state.withLock { state in
            Result { () throws(BackupError) in try current(&state, rejected) }
        }
        return try result.get()
    }

    private func current(_ state: inout State, _ rejected: Credentials?) throws(BackupError) -> Credentials {
        let now = now()
        let isRejected = rejected != nil && state.current == rejected
        if let current = state.current, !isRejected {
            let left = current.expiresAt?.timeIntervalSince(now) ?? .infinity
            let lookedLately = state.lastLook.map { abs(now.timeIntervalSince($0)) < 30 } ?? false
            if left > 300 || (left > 0 && lookedLately) { return current }
        }
        state.lastLook = now
        do throws(BackupError) {
            let found = try look(now)
            state.current = found
            return found
        } catch {
            // What is still valid is better than none; the next call looks again.
            if let current = state.current, !isRejected, (current.expiresAt ?? .distantFuture) > now { return current }
            throw error
        }
    }

    private func look(_ now: Date) throws(BackupError) -> Credentials {
        for source in sources {
            if let found = try source.load(now: now) { return found }
        }
        throw BackupError(
            .configuration,
            "no AWS credentials found in \(sources.map(\.name).joined(separator: ", ")); "
                + "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this host a role")
    }
}
