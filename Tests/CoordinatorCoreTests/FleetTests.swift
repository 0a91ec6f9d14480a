import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

@Suite struct FleetTests {
    /// The text, and what the error must begin with.
    static let mistakes: [(yaml: String, error: String)] = [
        ("polices: {}", "fleet.yaml:1: polices: unknown key"),
        (
            "policies:\n  p:\n    tiers:\n      hourly: { schedule: \"61 * * * *\" }",
            "fleet.yaml:4: policies.p.tiers.hourly.schedule: "
        ),
        (
            "policies:\n  p:\n    timezone: Mars/Olympus\n    tiers: { daily: {} }",
            "fleet.yaml:3: policies.p.timezone: "
        ),
        ("policies:\n  p:\n    tiers:\n      daily: { keep: 30x }", "fleet.yaml:4: policies.p.tiers.daily.keep: "),
        ("policies:\n  p:\n    tiers:\n      yearly: {}", "fleet.yaml:4: policies.p.tiers.yearly: unknown key"),
        ("policies:\n  p:\n    tiers: []", "fleet.yaml:3: policies.p.tiers: expected a mapping"),
        ("policies:\n  p:\n    selector: { env: prod }", "fleet.yaml:3: policies.p: tiers: is missing"),
        (
            "policies:\n  p:\n    tiers: { daily: {} }\n    destinations: [mars]",
            "fleet.yaml:4: policies.p.destinations[0]: expected one of local"
        ),
        (
            "policies:\n  p:\n    tiers: { daily: {} }\n    destinations: [local, local]",
            "fleet.yaml:4: policies.p.destinations[1]: stands twice"
        ),
        (
            "policies:\n  p:\n    tiers: { daily: {} }\n    rpo: 5 bananas",
            "fleet.yaml:4: policies.p.rpo: expected a duration"
        ),
        ("policies:\n  p:\n    tiers: { daily: {} }\n    floor: 0", "fleet.yaml:4: policies.p.floor: must be 1 to"),
        (
            "policies:\n  p:\n    tiers: { daily: {} }\n    compression: lzma",
            "fleet.yaml:4: policies.p.compression: expected one of gzip, zstd, none"
        ),
        (
            "policies:\n  p:\n    tiers: { daily: {} }\n    compression: { codec: gzip, level: 99 }",
            "fleet.yaml:4: policies.p.compression.level: must be 1 to 9"
        ),
        (
            "policies:\n  p:\n    tiers: { daily: {} }\n    encryption: { recipients: [age1abc] }",
            "fleet.yaml:4: policies.p.encryption.recipients: age encryption comes with a later release"
        ),
        (
            "policies:\n  p:\n    tiers: { daily: { enabled: perhaps } }",
            "fleet.yaml:3: policies.p.tiers.daily.enabled: expected true or false"
        ),
        (
            "policies:\n  p:\n    tiers: { weekly: { include: [everything] } }",
            "fleet.yaml:3: policies.p.tiers.weekly.include[0]: expected application"
        ),
        ("policies:\n  p: { tiers: { daily: {} } }\n  p: { tiers: { daily: {} } }", "fleet.yaml:"),
        (
            "destinations:\n  d: { directory: relative/path }",
            "fleet.yaml:2: destinations.d.directory: expected an absolute path"
        ),
        ("destinations:\n  d: {}", "fleet.yaml:2: destinations.d: expected directory: or s3:"),
        ("destinations:\n  d:\n    s3: { region: us-east-1 }", "fleet.yaml:3: destinations.d.s3: bucket: is missing"),
        (
            "destinations:\n  d:\n    s3: { bucket: acme, sse: DES }",
            "fleet.yaml:3: destinations.d.s3.sse: expected one of AES256"
        ),
        ("destinations:\n  d:\n    s3: { bucket: acme, prefix: a/../b }", "fleet.yaml:3: destinations.d.s3.prefix: "),
        (
            "destinations:\n  d:\n    s3: { bucket: acme, bandwidth: fast }",
            "fleet.yaml:3: destinations.d.s3.bandwidth: "
        ),
        (
            "destinations:\n  d:\n    s3: { bucket: acme, endpoint: \"https://user:pw@host\" }",
            "fleet.yaml:3: destinations.d.s3.endpoint: "
        ),
        ("destinations:\n  \"../x\": { directory: /x }", "fleet.yaml:2: destinations.../x: a name must be"),
        (
            "alerts:\n  slack: { webhook: \"https://hooks.example/T/B/s3cr3t\" }",
            "fleet.yaml:2: alerts.slack.webhook: is a secret"
        ),
        (
            "alerts:\n  email: { url: \"smtps://m\", from: a@b.c, to: [not-an-address] }",
            "fleet.yaml:2: alerts.email.to[0]: expected an email address"
        ),
        ("alerts:\n  digest: \"0 25 * * *\"", "fleet.yaml:2: alerts.digest: "),
        ("alerts: [", "fleet.yaml:"),
        ("", "fleet.yaml: empty"),
    ]

    @Test(arguments: 0..<mistakes.count)
    func everyMistakeIsToldWithLineAndKey(_ index: Int) {
        let (yaml, expected) = Self.mistakes[index]
        let error = #expect(throws: BackupError.self) { try FleetConfiguration(yaml: yaml, file: "fleet.yaml") }
        #expect(error?.code == .configuration)
        #expect(error?.message.hasPrefix(expected) == true, "\(error?.message ?? "none") for \(expected)")
        #expect(error?.description.contains("s3cr3t") == false)
    }

    static let whole = """
        destinations:
          local:   { directory: /var/backups/holdfast }
          offsite: { s3: { bucket: acme-backups, region: eu-west-1, prefix: holdfast, endpoint: null, sse: AES256, bandwidth: 10MiB } }
        policies:
          production:
            selector: { env: prod }
            timezone: Europe/Berlin
            tiers:
              hourly:  { schedule: "0,30 * * * *", keep: 48h }
              daily:   { schedule: "0 2 * * *",    keep: 30d }
              weekly:  { schedule: "0 2 * * 0",    keep: 12w, include: [application] }
              monthly: { schedule: "0 2 1 * *",    keep: 12mo, healthCheck: true }
            destinations: [local, offsite]
            compression: { codec: zstd, level: 3 }
            encryption: { recipients: [] }
            rpo: 1h
            rto: 4h
            floor: 5
        alerts:
          slack: { webhookFile: /etc/holdfast/slack-webhook }
          email: { url: "smtps://mail.example.com", from: backup@example.com, to: [ops@example.com] }
          notifySuccess: false
          digest: "0 8 * * *"
        """

    @Test func theWholeOfAFileIsRead() throws {
        let fleet = try FleetConfiguration(yaml: Self.whole, file: "fleet.yaml")
        #expect(fleet.destination(named: "offsite")?.s3?.prefix == "holdfast/")
        #expect(fleet.destination(named: "offsite")?.s3?.bandwidth == 10 << 20)
        let policy = try #require(fleet.policy(named: "production"))
        #expect(policy.tiers.map(\.tier) == [.monthly, .weekly, .daily, .hourly])
        #expect(policy.tiers(for: .application).map(\.tier) == [.weekly])
        #expect(policy.compression == .zstd && policy.compressionLevel == 3)
        #expect(policy.rpoSeconds == 3600 && policy.floor == 5 && policy.timeZone == "Europe/Berlin")
        #expect(policy.tiers.first?.healthCheck == true)
        #expect(fleet.alerts.channels == ["slack", "email to ops@example.com"])
        #expect(policy.selects(["env": "prod", "x": "y"]) && !policy.selects(["env": "dev"]))
    }

    @Test func anObjectiveThatNoScheduleCanKeepIsToldAndTheExampleHasNone() throws {
        let now = try #require(Timestamp.date("2026-03-01T00:00:00Z"))
        func warnings(_ yaml: String) throws -> [String] {
            FleetWarnings.lines(try FleetConfiguration(yaml: yaml, file: "fleet.yaml"), [], at: now)
                .filter { $0.contains("rpo") }
        }
        let tiers = "hourly: {}, weekly: { include: [application] }"
        let told = try warnings("policies: { all: { tiers: { \(tiers) }, rpo: 1h } }")
        #expect(told.count == 1)
        #expect(
            told.first?.hasPrefix(
                "policy all: its rpo of 3600 s is shorter than every schedule of its application files") == true)
        #expect(try warnings("policies: { all: { tiers: { \(tiers) }, rpo: 8d } }").isEmpty)
        #expect(try warnings("policies: { all: { tiers: { daily: {} }, rpo: 1h } }").count == 1)
        let example = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../deploy/examples/fleet.yaml")
        let shipped = try String(contentsOf: example, encoding: .utf8)
        #expect(try warnings(shipped).isEmpty)
        let fleet = try FleetConfiguration(yaml: shipped, file: "fleet.yaml")
        #expect(fleet.policy(named: "files")?.tiers(for: .application).count == 1)
        #expect(fleet.policy(named: "production")?.tiers(for: .application).isEmpty == true)
    }

    @Test func theEnvironmentOfTheOlderScriptsIsUnderstood() throws {
        let fleet = try DefaultFleet.configuration([
            "BACKUP_S3_BUCKET": "acme-backups", "BACKUP_S3_REGION": "eu-west-1", "BACKUP_RETENTION_DAYS": "14",
            "BACKUP_HOURLY_ENABLED": "false", "BACKUP_HEALTH_CHECK": "0",
            "BACKUP_SLACK_WEBHOOK": "https://hooks.example/s3cr3t", "BACKUP_NOTIFY_SUCCESS": "yes",
            "BACKUP_EMAIL_NOTIFICATIONS": "true", "BACKUP_EMAIL_RECIPIENTS": "a@example.com, b@example.com",
            "BACKUP_SMTP_URL": "smtp://localhost:2525",
        ])
        let policy = try #require(fleet.policies.first)
        #expect(fleet.destination(named: "offsite")?.s3?.region == "eu-west-1")
        #expect(policy.tiers(for: .postgres).map(\.tier) == [.monthly, .weekly, .daily])
        #expect(policy.tiers.first { $0.tier == .daily }?.keep.text == "14d")
        #expect(policy.tiers.first?.healthCheck == false)
        #expect(fleet.alerts.email?.to == ["a@example.com", "b@example.com"])
        #expect(fleet.alerts.notifySuccess)
        #expect(!"\(fleet)".contains("s3cr3t"))
    }

    @Test(arguments: [
        "BACKUP_RETENTION_DAYS": "forever", "BACKUP_DAILY_ENABLED": "maybe", "BACKUP_S3_BUCKET": "a b",
        "BACKUP_SLACK_WEBHOOK": "http://plain", "BACKUP_EMAIL_NOTIFICATIONS": "on", "BACKUP_NOTIFY_SUCCESS": "2",
    ])
    func aBadVariableIsNamed(_ name: String, _ value: String) {
        let error = #expect(throws: BackupError.self) { try DefaultFleet.configuration([name: value]) }
        #expect(error?.message.hasPrefix(name) == true, "\(error?.message ?? "none")")
    }

    /// The label that a host's policy is chosen by is not the host's to change, where an operator gave it.
    @Test func labelsOfTheJoinStringWinOverTheHostsOwn() async throws {
        let bench = try await Bench()
        let yaml = """
            policies:
              production: { selector: { env: prod }, tiers: { hourly: {} } }
              other: { selector: { env: dev }, tiers: { daily: {} } }
            """
        _ = try await bench.coordinator.apply(
            ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
        let agent = try await bench.enrol("db-01", labels: ["env": "prod"])
        let facts = try agent.facts("inventory", labels: ["env": "dev", "team": "shop"])
        let plan = try #require(try await agent.checkIn(databases: [facts]).plan)
        #expect(plan.entries.map(\.policy) == ["production"])
        let shown = try await bench.coordinator.databases(agent: "db-01", database: nil, by: bench.admin)
        #expect(shown.map(\.labels) == [["env": "prod", "team": "shop"]])
        #expect(shown.map(\.policies) == [["production"]])
    }

    @Test func applyShowsTheDifferenceAndIsAllOrNothing() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory"), agent.facts("files", kind: .application)])
        let yaml = """
            policies:
              nightly: { tiers: { daily: { schedule: "0 3 * * *" } }, spread: 0s }
              ghosts: { selector: { env: nowhere }, tiers: { daily: {} } }
            """
        let request = ApplyRequest(yaml: yaml, fileName: "/etc/holdfast/fleet.yaml", dryRun: true)
        let dry = try await bench.coordinator.apply(request, by: bench.admin)
        #expect(!dry.applied)
        #expect(dry.changes.contains("- policy default"))
        #expect(
            dry.changes.contains { $0.hasPrefix("+ policy nightly: selects everything, daily \"0 3 * * *\" kept 30d") })
        #expect(dry.warnings.contains("files on db-01: no tier includes application"))
        #expect(dry.warnings.contains("policy ghosts selects no database that is known now"))
        #expect(try await agent.checkIn(revision: 1).plan == nil)

        async let held = agent.checkIn(revision: 1, wait: 50)
        var real = request
        real.dryRun = false
        #expect(try await bench.coordinator.apply(real, by: bench.admin).applied)
        let plan = try #require(try await held.plan)
        #expect(plan.revision == 2)
        #expect(plan.entries.map(\.policy) == ["nightly"])
        #expect(try await bench.coordinator.apply(real, by: bench.admin).changes.isEmpty)
        #expect(try await agent.checkIn(revision: 2).plan == nil)

        real.yaml += "\nmistake: 1\n"
        await #expect(throws: BackupError.self) { try await bench.coordinator.apply(real, by: bench.admin) }
        #expect(try await agent.checkIn(revision: 2).plan == nil)
        let viewer = OperatorIdentity(tokenId: "v", role: .viewer)
        let refused = await #expect(throws: BackupError.self) { try await bench.coordinator.apply(request, by: viewer) }
        #expect(refused?.code == .forbidden)
    }
}
