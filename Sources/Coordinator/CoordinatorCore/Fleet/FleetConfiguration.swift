package import Domain
package import Wire

/// All that the coordinator is told to do: by a `fleet.yaml`, or by the embedded default.
package struct FleetConfiguration: Sendable, Equatable {
    /// By name, in their order.
    package var destinations: [Destination]
    package var policies: [FleetPolicy]
    package var alerts: AlertRoutes
    package var retention = RetentionRules()
    package var catalog = CatalogCopyRules()

    package func destination(named name: String) -> Destination? { destinations.first { $0.name == name } }

    package func policy(named name: String) -> FleetPolicy? { policies.first { $0.name == name } }
}

/// How backups that nobody needs any more are deleted.
package struct RetentionRules: Sendable, Equatable {
    /// Every day, without asking. Of a tier whose `keep` nobody wrote down nothing goes by itself.
    package var automatic = true
    /// A plan that takes more than this share of a database's backups waits for an operator.
    package var maxDeleteShare = 0.3
}

/// Which databases are backed up, when, kept how long, and where to.
package struct FleetPolicy: Sendable, Equatable {
    package var name: String
    /// Labels that a database (or its host) must have; empty selects everything.
    package var selector: [String: String]
    package var tiers: [FleetTier]
    /// Names of destinations that must all hold a backup.
    package var destinations: [String]
    package var compression: Compression
    package var compressionLevel: Int?
    package var rpoSeconds: Int?
    package var rtoSeconds: Int?
    package var floor: Int
    /// Largest offset after the nominal time; nil for the default (0 for a single agent, else 5 minutes).
    package var spreadSeconds: Int?
    package var timeZone: String
    /// A backup that is smaller than the last good one by more than this share is told; nil for never.
    package var shrinkShare: Double? = 0.5
    /// The same of single databases, by name, where it is another; nil for never.
    package var shrinkOf: [String: Double?] = [:]

    /// How much of this database may go without a word; nil for all of it.
    package func shrinkShare(of database: DatabaseName) -> Double? {
        shrinkOf[database.rawValue] ?? shrinkShare
    }

    package func selects(_ labels: [String: String]) -> Bool {
        selector.allSatisfy { labels[$0.key] == $0.value }
    }

    /// The tiers that make backups of this kind.
    package func tiers(for kind: DatabaseKind) -> [FleetTier] {
        tiers.filter { $0.isEnabled && $0.covers(kind) }
    }
}

/// One tier of a policy.
package struct FleetTier: Sendable, Equatable {
    package var tier: Tier
    package var schedule: Schedule
    package var keep: KeepDuration
    /// Files and settings too, besides databases.
    package var includesApplication: Bool
    /// A backup of this tier is verified as soon as it was made.
    package var healthCheck: Bool
    package var isEnabled: Bool
    /// Somebody wrote down how long it is kept.
    package var isKeepStated = false

    package func covers(_ kind: DatabaseKind) -> Bool { kind != .application || includesApplication }
}

/// Where alerts go. Secrets stay in files or in the environment, and are read when something is sent.
package struct AlertRoutes: Sendable, Equatable {
    package var slack: SlackRoute?
    package var email: EmailRoute?
    package var notifySuccess: Bool
    /// Cron expression of the daily digest; accepted, and sent by a later release.
    package var digest: String?

    /// `slack`, and one for each who is written to, so that an address that takes nothing keeps nothing from the others.
    package var channels: [String] {
        (slack == nil ? [] : ["slack"]) + (email?.recipients ?? []).map { EmailRoute.channelPrefix + $0 }
    }
}

/// Where Slack's webhook is kept: never in `fleet.yaml` itself, since it is a secret.
/// A Slack webhook, or anything that takes its messages.
package struct SlackRoute: Sendable, Equatable {
    package enum Webhook: Sendable, Equatable {
        /// A file that holds the address.
        case file(String)
        /// An environment variable of the coordinator that holds it.
        case environment(String)
    }

    package var webhook: Webhook
    /// PEM file of the CA, when the webhook's is not a public one.
    package var caFile: String?
}

/// The mail server and who hears; its user and password are in files of the coordinator's host.
/// A mail server, and who is written to.
package struct EmailRoute: Sendable, Equatable {
    /// `smtps://host[:port]`, or `smtp://host[:port]` which is upgraded by STARTTLS.
    package var url: String
    package var from: String
    package var to: [String]

    /// Of the name of each recipient's channel, before the address.
    static let channelPrefix = "email to "

    /// Each once, in their order.
    var recipients: [String] {
        to.enumerated().filter { place, address in !to[..<place].contains(address) }.map(\.element)
    }
    package var usernameFile: String?
    package var passwordFile: String?
    package var caFile: String?
    /// False for the mail server of the coordinator's own host alone, when nobody named another.
    package var requiresTLS = true
}
