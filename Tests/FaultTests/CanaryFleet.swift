import Domain
import Foundation
import TestSupport
import Wire

/// A fleet whose every secret is known: databases in PostgreSQL of which two cannot be backed up, a directory and a
/// bucket, Slack and a mailbox that both refuse once.
struct CanaryFleet {
    let cluster: PostgresCluster
    let s3: S3Server
    let sinks: AlertSinks
    let fleet: Fleet
    let agent: FleetAgent

    private static let password = "CANARYpostgres5c1d"
    private static let mistaken = "CANARYmistaken83ee"
    /// So many that pg_dump and psql are seen at work.
    static let rows = 2_000_000
    /// The databases that fail: one is not there, one has another password.
    static let failing: Set<String> = ["wrong", "denied"]
    /// Every listing of the operator's.
    static let commands = [
        ["status"], ["alert", "list", "--all"], ["backup", "list"], ["database", "list"],
        ["database", "show", "wrong"],
        ["agent", "list"], ["agent", "show", "db-01"], ["token", "list"], ["schedule", "list"],
        ["cleanup", "--dry-run"],
    ]

    init() async throws {
        let cluster = try PostgresCluster()
        let s3 = try S3Server()
        let sinks = try AlertSinks(slackAnswers: "500", mailAnswers: "451 try later")
        try await cluster.sql("CREATE ROLE backup SUPERUSER LOGIN PASSWORD '\(Self.password)'; CREATE DATABASE shop")
        try await cluster.sql("CREATE TABLE t AS SELECT generate_series(1, \(Self.rows)) AS x", database: "shop")
        let fleet = try await Fleet(environment: s3.credentials("coordinator"))
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) }, offsite: \(s3.destination) }
            policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [local, offsite] } }
            \(sinks.yaml)
            """)
        func url(_ database: String, _ password: String = CanaryFleet.password) -> String {
            cluster.url(database: database, user: "backup", password: password)
        }
        let agent = try await fleet.join(
            "db-01",
            """
            databases:
              - { name: shop, url: "env:DATABASE_URL" }
              - { name: wrong, url: "env:WRONG" }
              - { name: denied, url: "env:DENIED" }
            retries: { attempts: 1 }
            """,
            environment: s3.credentials("session").merging([
                "DATABASE_URL": url("shop"), "WRONG": url("no-such-db"), "DENIED": url("shop", Self.mistaken),
            ]) { $1 })
        try agent.start()
        try await eventually("databases are known") {
            try await fleet.list([DatabaseView].self, "database", "list").count == 3 ? true : nil
        }
        (self.cluster, self.s3, self.sinks, self.fleet, self.agent) = (cluster, s3, sinks, fleet, agent)
    }

    func stop() {
        agent.kill()
        fleet.stop()
        sinks.stop()
        s3.stop()
        cluster.stop()
    }

    /// Every secret by what it is. The join secret is used up by now, but it is one all the same.
    func secrets() throws -> [String: String] {
        let file = fleet.folder.appending(path: "config/holdfast/context.json")
        let context = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        guard let token = context?["token"] as? String, let secret = token.split(separator: "_").last else {
            throw ServerFailure("the context file holds no token")
        }
        func key(_ identity: String) -> String { s3.credentials(identity)["AWS_SECRET_ACCESS_KEY"] ?? "" }
        return [
            "database's password": Self.password, "mistaken password": Self.mistaken,
            "agent's S3 secret": key("session"),
            "agent's S3 token": s3.credentials("session")["AWS_SESSION_TOKEN"] ?? "",
            "coordinator's S3 secret": key("coordinator"), "mail password": AlertSinks.mailPassword,
            // As the two ways of SMTP authentication send it.
            "mail password in base64": Data(AlertSinks.mailPassword.utf8).base64EncodedString(),
            "mail user and password in base64": Data("\0holdfast\0\(AlertSinks.mailPassword)".utf8)
                .base64EncodedString(),
            "webhook": AlertSinks.webhookSecret, "admin token": token, "admin token's secret": String(secret),
            "join string": agent.joinString, "join secret": try JoinString(agent.joinString).secret,
        ]
    }

    /// How a secret looks: as it is, and within a URL.
    static func forms(of secret: String) -> Set<String> {
        [secret, secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? secret]
    }

    /// All files of the coordinator, the agent and the directory destination, as text. What is compressed would show nothing.
    func files() -> [String: String] {
        var texts: [String: String] = [:]
        for file in (try? FileManager.default.subpathsOfDirectory(atPath: fleet.folder.path)) ?? []
        where !file.hasSuffix(".gz") {
            // Folders, and what went away meanwhile, have no bytes.
            guard let bytes = try? Data(contentsOf: fleet.folder.appending(path: file)) else { continue }
            texts[file] = String(decoding: bytes, as: UTF8.self)
        }
        return texts
    }
}
