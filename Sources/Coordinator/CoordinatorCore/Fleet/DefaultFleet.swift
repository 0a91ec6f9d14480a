import Domain
import Wire

/// What holds without any `fleet.yaml`, and the settings that it takes from the environment, so that a host that was set
/// up for the older scripts works unchanged.
///
/// - `BACKUP_S3_BUCKET`, `BACKUP_S3_REGION` (default: AWS's own variables, then us-east-1), `BACKUP_S3_PREFIX`,
///   `BACKUP_S3_ENDPOINT`, `BACKUP_S3_CA_FILE`: the destination `offsite`
/// - `BACKUP_RETENTION_DAYS` (1 to 36500): for how long the daily tier is kept
/// - `BACKUP_{HOURLY,DAILY,WEEKLY,MONTHLY}_ENABLED` (true or false, default true)
/// - `BACKUP_HEALTH_CHECK` (default true): verify monthly backups as soon as they were made
/// - `BACKUP_AUTO_CLEANUP` (true or false): whether retention runs every day; where it is set it wins over any `fleet.yaml`
/// - `BACKUP_SLACK_WEBHOOK` (a secret, read when something is sent)
/// - `BACKUP_EMAIL_NOTIFICATIONS` (default false), `BACKUP_EMAIL_RECIPIENTS` (commas), `BACKUP_SMTP_URL`,
///   `BACKUP_EMAIL_FROM`, `BACKUP_SMTP_USERNAME_FILE`, `BACKUP_SMTP_PASSWORD_FILE`, `BACKUP_SMTP_CA_FILE`; without
///   `BACKUP_SMTP_URL` the server is `localhost:25`, which is asked for no TLS and given no password
/// - `BACKUP_NOTIFY_SUCCESS` (default false)
enum DefaultFleet {
    static let policyName = "default"

    static func configuration(_ environment: [String: String]) throws(BackupError) -> FleetConfiguration {
        let variables = OlderVariables(environment)
        var destinations = [Destination(name: "local", directory: .init(path: nil))]
        if let offsite = try offsite(variables) { destinations.append(offsite) }
        var tiers: [FleetTier] = []
        for tier in [Tier.monthly, .weekly, .daily, .hourly] {
            var planned = try Self.tier(tier, zone: "UTC")
            planned.isKeepStated = true
            planned.isEnabled = try variables.flag("BACKUP_\(tier.rawValue.uppercased())_ENABLED", default: true)
            if tier == .weekly { planned.includesApplication = true }
            if tier == .monthly { planned.healthCheck = try variables.flag("BACKUP_HEALTH_CHECK", default: true) }
            if tier == .daily, let days = try variables.number("BACKUP_RETENTION_DAYS", 1...36_500) {
                planned.keep = try KeepDuration(days, .days)
            }
            tiers.append(planned)
        }
        let policy = FleetPolicy(
            name: policyName, selector: [:], tiers: tiers, destinations: destinations.map(\.name), compression: .gzip,
            compressionLevel: nil, rpoSeconds: nil, rtoSeconds: nil, floor: 3, spreadSeconds: nil, timeZone: "UTC")
        return FleetConfiguration(destinations: destinations, policies: [policy], alerts: try alerts(variables))
    }

    /// Whether retention runs by itself, every day; nil where the environment does not say.
    static func autoCleanup(_ environment: [String: String]) throws(BackupError) -> Bool? {
        let variables = OlderVariables(environment)
        return try variables["BACKUP_AUTO_CLEANUP"] == nil ? nil : variables.flag("BACKUP_AUTO_CLEANUP", default: false)
    }

    /// Schedule and keeping time of a tier for which nothing else was said.
    static func tier(_ tier: Tier, zone: String) throws(BackupError) -> FleetTier {
        let cron =
            switch tier {
            case .hourly: "0,30 * * * *"
            case .daily, .manual: "0 2 * * *"
            case .weekly: "0 2 * * 0"
            case .monthly: "0 2 1 * *"
            }
        return FleetTier(
            tier: tier, schedule: try Schedule(cron: cron, timeZone: zone), keep: .standard(for: tier),
            includesApplication: false, healthCheck: false, isEnabled: true)
    }

    private static func offsite(_ variables: OlderVariables) throws(BackupError) -> Destination? {
        guard
            let bucket = try variables.checked(
                "BACKUP_S3_BUCKET", { (it) throws(BackupError) in try Destination.S3.bucket(it) })
        else { return nil }
        let region =
            variables["BACKUP_S3_REGION"] ?? variables["AWS_REGION"] ?? variables["AWS_DEFAULT_REGION"] ?? "us-east-1"
        var s3 = Destination.S3(bucket: bucket, region: region)
        s3.prefix =
            try variables.checked("BACKUP_S3_PREFIX", { (it) throws(BackupError) in try Destination.S3.prefix(it) })
            ?? ""
        s3.endpoint =
            variables["BACKUP_S3_ENDPOINT"] ?? variables["AWS_ENDPOINT_URL_S3"] ?? variables["AWS_ENDPOINT_URL"]
        s3.caFile = variables["BACKUP_S3_CA_FILE"] ?? variables["AWS_CA_BUNDLE"]
        return Destination(name: "offsite", s3: s3)
    }

    private static func alerts(_ variables: OlderVariables) throws(BackupError) -> AlertRoutes {
        var routes = AlertRoutes(
            slack: nil, email: nil, notifySuccess: try variables.flag("BACKUP_NOTIFY_SUCCESS", default: false),
            digest: nil)
        if let webhook = variables["BACKUP_SLACK_WEBHOOK"] {
            guard webhook.hasPrefix("https://") else {
                throw BackupError(.configuration, "BACKUP_SLACK_WEBHOOK: expected an address that begins with https://")
            }
            routes.slack = SlackRoute(webhook: .environment("BACKUP_SLACK_WEBHOOK"), caFile: nil)
        }
        if try variables.flag("BACKUP_EMAIL_NOTIFICATIONS", default: false) { routes.email = try email(variables) }
        return routes
    }

    private static func email(_ variables: OlderVariables) throws(BackupError) -> EmailRoute {
        guard let recipients = variables["BACKUP_EMAIL_RECIPIENTS"] else {
            throw BackupError(
                .configuration, "BACKUP_EMAIL_NOTIFICATIONS is on: BACKUP_EMAIL_RECIPIENTS is needed too")
        }
        let to = try recipients.split(separator: ",").map { (part) throws(BackupError) in
            try variables.named("BACKUP_EMAIL_RECIPIENTS") { () throws(BackupError) in
                try EmailRoute.address(String(part.drop { $0 == " " }.prefix { $0 != " " }))
            }
        }
        guard let first = to.first else {
            throw BackupError(.configuration, "BACKUP_EMAIL_RECIPIENTS: expected at least one address")
        }
        var route = EmailRoute(
            url: try variables.checked(
                "BACKUP_SMTP_URL", { (it) throws(BackupError) in try EmailRoute.server(it) }) ?? localServer,
            from: variables["BACKUP_EMAIL_FROM"] ?? first, to: to,
            usernameFile: variables["BACKUP_SMTP_USERNAME_FILE"],
            passwordFile: variables["BACKUP_SMTP_PASSWORD_FILE"], caFile: variables["BACKUP_SMTP_CA_FILE"])
        guard variables["BACKUP_SMTP_URL"] == nil else { return route }
        route.requiresTLS = false
        guard route.usernameFile == nil, route.passwordFile == nil else {
            throw BackupError(
                .configuration,
                "BACKUP_SMTP_USERNAME_FILE and BACKUP_SMTP_PASSWORD_FILE need BACKUP_SMTP_URL: localhost:25 gets no password"
            )
        }
        return route
    }

    /// Where mail goes when nobody said where, as the older scripts did.
    private static let localServer = "smtp://localhost:25"

    /// What was made of these variables that their writer may not have meant: for the log, without any value.
    static func remarks(_ environment: [String: String]) -> [String] {
        let variables = OlderVariables(environment)
        var remarks = variables.commented.map { name in
            variables.isWhole(name)
                ? "\(name) holds a blank and #: it is taken whole, as a path may hold them; remove it if it is a comment"
                : "\(name): what stands behind the # is taken for a comment"
        }
        let mails = (try? variables.flag("BACKUP_EMAIL_NOTIFICATIONS", default: false)) ?? false
        if mails, variables["BACKUP_SMTP_URL"] == nil {
            remarks.append("BACKUP_SMTP_URL is not set: mail goes to localhost:25, without TLS")
        }
        return remarks
    }
}
