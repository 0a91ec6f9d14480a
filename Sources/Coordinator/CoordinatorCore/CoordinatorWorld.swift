package import Domain
package import Foundation
package import Storage
package import Wire

/// What the coordinator takes from outside: clock, ids, environment, stores, messengers. A test replaces what it uses.
package struct CoordinatorWorld: Sendable {
    /// What the closures throw. Named here because the compiler does not count a closure's thrown type as a use of its
    /// module, and then refuses the import that it needs.
    package typealias Failure = BackupError

    package var now: @Sendable () -> Date
    package var uuid: @Sendable () -> UUID
    package var environment: [String: String]
    /// How long the machine has been up since some moment: it goes on evenly, whatever the clock does.
    package var uptime: @Sendable () -> Duration
    /// Asks an agent what lies in a directory of its host; nil for asking it by its check-ins.
    package var askAgent: (@Sendable (_ agent: UUID, CopyQuestion) async -> CopyAnswer?)?
    /// How agents and operators reach the API, for join strings: `https://host:port`. Nil for the first host name and
    /// ``listenPort``.
    package var publicURL: String?
    /// The port that the API listens on.
    package var listenPort = 8443
    /// How long a check-in is held at most, and how long an agent pauses afterwards, in seconds.
    package var pollSeconds = 50
    package var pauseSeconds = 1
    /// How long one copy is read before others that wait have their turn.
    package var readingTurn: Duration = .seconds(300)
    /// Opens an S3 destination with the coordinator's own credentials.
    package var openS3: @Sendable (Destination.S3) throws(Failure) -> any ObjectStore
    /// Finds what an S3 destination does. Blocks.
    package var probeStore: @Sendable (Destination.S3, _ token: String) throws(BackupError) -> ProbeFindings
    /// An address that lets its holder read one object for so many seconds. Blocks.
    package var presign: @Sendable (Destination.S3, _ key: String, _ seconds: Int) throws(BackupError) -> String
    /// Posts JSON to a webhook. Blocks.
    package var post: @Sendable (WebhookRequest) throws(BackupError) -> WebhookAnswer
    /// Hands one mail to a server. Blocks.
    package var sendMail: @Sendable (OutgoingMail) throws(BackupError) -> Void

    /// The real world; clock and ids come from the program.
    package init(
        now: @escaping @Sendable () -> Date, uuid: @escaping @Sendable () -> UUID, environment: [String: String]
    ) {
        self.now = now
        self.uuid = uuid
        self.environment = environment
        let start = ContinuousClock.now
        uptime = { ContinuousClock.now - start }
        let stores = OpenStores(environment, now: now)
        openS3 = { (destination) throws(BackupError) in try stores.store(destination) }
        probeStore = { (destination, token) throws(BackupError) in
            try stores.store(destination).probe(in: S3Store.probeFolder(destination.prefix), token: token)
        }
        presign = { (destination, key, seconds) throws(BackupError) in
            try stores.store(destination).presignGet(key, expires: seconds)
        }
        post = { (request) throws(BackupError) in try LiveWorld.post(request) }
        sendMail = { (mail) throws(BackupError) in try LiveWorld.send(mail) }
    }
}

/// One message to a webhook. The address is a secret.
package struct WebhookRequest: Sendable {
    package let url: String
    package let body: [UInt8]
    /// PEM file of the CA, when it is not a public one.
    package let caFile: String?
}

/// What a webhook answered.
package struct WebhookAnswer: Sendable {
    package let status: Int
    package let retryAfterSeconds: Int?

    package init(status: Int, retryAfterSeconds: Int? = nil) {
        self.status = status
        self.retryAfterSeconds = retryAfterSeconds
    }
}

/// One mail on its way to a server.
package struct OutgoingMail: Sendable {
    package let url: String
    package let from: String
    package let to: [String]
    /// Headers and body.
    package let message: [UInt8]
    package let username: String?
    /// A secret.
    package let password: String?
    package let caFile: String?
    /// False: it goes in the clear.
    package let requiresTLS: Bool
}
