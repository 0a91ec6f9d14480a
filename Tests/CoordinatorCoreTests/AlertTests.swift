import Catalog
import Domain
import Foundation
import Synchronization
import Testing
import Wire

@testable import CoordinatorCore

@Suite(.timeLimit(.minutes(2)))
struct AlertTests {
    /// Keeps what was posted, and answers as told.
    final class Slack: Sendable {
        private let state = Mutex((posts: [WebhookRequest](), answers: [WebhookAnswer?]()))

        func answer(_ answers: [WebhookAnswer?]) { state.withLock { $0.answers = answers } }

        var posts: [WebhookRequest] { state.withLock { $0.posts } }

        func take(_ request: WebhookRequest) throws(BackupError) -> WebhookAnswer {
            let answer = state.withLock { state -> WebhookAnswer?? in
                state.posts.append(request)
                return state.answers.isEmpty ? .none : .some(state.answers.removeFirst())
            }
            guard case .some(.none) = answer else { return (answer ?? nil) ?? WebhookAnswer(status: 200) }
            throw BackupError(.unreachable, "the webhook could not be reached")
        }
    }

    private static let canary = "https://hooks.example/services/CANARY-webhook"

    private func bench(_ slack: Slack, _ extra: [String: String] = [:]) async throws -> Bench {
        try await Bench(environment: extra.merging(["BACKUP_SLACK_WEBHOOK": Self.canary]) { $1 }) { world in
            world.post = { (request) throws(BackupError) in try slack.take(request) }
        }
    }

    private func fail(_ agent: TestAgent, _ name: String, _ message: String = "permission denied") async throws {
        try await agent.send([
            agent.report(
                .failed, run: UUID(), database: name, nominalAt: agent.bench.clock.now,
                failure: Failure(code: "sourceRefused", message: message))
        ])
    }

    private func delivery(_ bench: Bench) async throws -> DeliveryView? {
        try await bench.coordinator.alerts(includeResolved: true, by: bench.admin).first?.deliveries.first
    }

    @Test func aFailureReachesSlackOnceAndAgainOnlyWhenItWasNotTaken() async throws {
        let slack = Slack()
        let bench = try await bench(slack)
        let agent = try await bench.enrol("db-01", labels: ["env": "prod"])
        try await fail(agent, "inventory")
        slack.answer([nil, WebhookAnswer(status: 500), WebhookAnswer(status: 429, retryAfterSeconds: 120)])
        try await bench.coordinator.deliverAlerts()
        #expect(try await delivery(bench)?.state == "pending")
        try await bench.coordinator.deliverAlerts()
        #expect(slack.posts.count == 1)
        bench.clock.advance(16)
        try await bench.coordinator.deliverAlerts()
        #expect(try await delivery(bench)?.lastError == "slack answered 500")
        bench.clock.advance(31)
        try await bench.coordinator.deliverAlerts()
        bench.clock.advance(119)
        try await bench.coordinator.deliverAlerts()
        #expect(slack.posts.count == 3)
        bench.clock.advance(2)
        try await bench.coordinator.deliverAlerts()
        #expect(slack.posts.count == 4)
        let sent = try await delivery(bench)
        #expect(sent?.state == "sent" && sent?.attempts == 4)
        bench.clock.advance(86_400)
        try await bench.coordinator.deliverAlerts()
        try await fail(agent, "inventory")
        try await bench.coordinator.deliverAlerts()
        #expect(slack.posts.count == 4)
        let body = String(decoding: try #require(slack.posts.last).body, as: UTF8.self)
        for part in [
            #""color":"danger""#, "Backup of inventory on db-01 failed",
            #"{"short":true,"title":"Environment","value":"prod"}"#,
            #""title":"Host","value":"db-01""#, #""title":"Database","value":"inventory""#,
            #""title":"Error","value":"permission denied""#,
        ] { #expect(body.contains(part), "\(part)") }
    }

    /// Who configures a channel because of a failure hears of it, once.
    @Test func aChannelThatIsNewerThanTheFailureTellsOfItOnce() async throws {
        let slack = Slack()
        let bench = try await Bench { world in
            world.post = { (request) throws(BackupError) in try slack.take(request) }
        }
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory"), agent.facts("payroll")])
        try await fail(agent, "inventory")
        try await fail(agent, "payroll")
        try await agent.send([
            agent.report(.succeeded, run: UUID(), database: "payroll", nominalAt: bench.clock.now + 1)
        ])
        let webhook = bench.coordinator.paths.dataDirectory.appending(path: "webhook")
        try Data(Self.canary.utf8).write(to: webhook)
        chmod(webhook.path, 0o600)
        let failedAt = bench.clock.now
        bench.clock.advance(600)
        _ = try await agent.checkIn(revision: 1)
        let slackFile = "alerts: { slack: { webhookFile: \(webhook.path) } }"
        for file in ["first.yaml", "second.yaml"] {
            _ = try await bench.coordinator.apply(
                ApplyRequest(
                    yaml: "policies: { default: { tiers: { daily: {} } } }\n" + slackFile, fileName: file, dryRun: false
                ),
                by: bench.admin)
            try await bench.coordinator.supervise()
            let due = try await bench.coordinator.catalog.read { [now = bench.clock.now] in
                try $0.dueDeliveries(at: now, limit: 10).map { AlertMessage($0) }
            }
            #expect(due.map(\.at) == (file == "first.yaml" ? [bench.clock.now] : []))
            #expect(due.map(\.happenedAt) == (file == "first.yaml" ? [failedAt] : []))
            try await bench.coordinator.deliverAlerts()
        }
        let all = slack.posts.map { String(decoding: $0.body, as: UTF8.self) }
        let posts = all.filter { $0.contains("Backup of inventory on db-01 failed") }
        #expect(posts.count == 1, "\(all)")
        let time = "\(Int(failedAt.timeIntervalSince1970))"
        #expect(posts.first?.contains(time) == true, "when it failed, not when it was told")
        let incidents = try await bench.coordinator.alerts(includeResolved: true, by: bench.admin)
        #expect(incidents.count == 2 && incidents.flatMap(\.deliveries).map(\.state) == ["sent"])
    }

    @Test func whatNobodyTakesForAWeekIsGivenUp() async throws {
        let slack = Slack()
        let bench = try await bench(slack)
        let agent = try await bench.enrol("db-01")
        try await fail(agent, "inventory")
        for _ in 0..<400 {
            slack.answer([WebhookAnswer(status: 404)])
            try await bench.coordinator.deliverAlerts()
            bench.clock.advance(3600)
        }
        #expect(try await delivery(bench)?.state == "abandoned")
        func findings() async throws -> [String] {
            try await bench.coordinator.status(by: bench.admin).coordinator.findings.filter { $0.contains("slack") }
        }
        // Just now nobody is told any more: that is told.
        let lost = try await findings()
        #expect(lost.count == 1)
        #expect(
            lost.first?.hasSuffix(
                "slack, 0 waiting and 1 given up, the oldest since 2026-03-01T00:00:00Z: slack answered 404") == true)
        slack.answer([])
        #expect(try await bench.coordinator.testAlerts(by: bench.admin).map(\.delivered) == [true])
        #expect(try await findings() == [])
    }

    /// Nothing would ever end it: no run of it comes any more.
    @Test(arguments: ["gone", "unselected"])
    func whatFailedOfADatabaseThatNobodyBacksUpAnyMoreIsOver(_ way: String) async throws {
        let bench = try await bench(Slack())
        let agent = try await bench.enrol("db-01", labels: ["env": "prod"])
        func open() async throws -> [String] {
            try await bench.coordinator.supervise()
            return try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).map(\.kind)
        }
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        try await fail(agent, "inventory")
        bench.clock.advance(200)
        #expect(try await open() == ["failed"])
        if way == "gone" {
            _ = try await agent.checkIn(databases: [], revision: 1)
        } else {
            let yaml = "policies: { dev: { selector: { env: dev }, tiers: { daily: {} } } }"
            _ = try await bench.coordinator.apply(
                ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
        }
        #expect(try await open() == [])
    }

    /// Who is not told by a message must be told by `status` and by monitoring.
    @Test func aChannelThatTakesNothingIsAWarningUntilItDoes() async throws {
        let slack = Slack()
        let bench = try await bench(slack)
        let agent = try await bench.enrol("db-01")
        func findings() async throws -> [String] {
            try await bench.coordinator.status(by: bench.admin).coordinator.findings
        }
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        func succeed() async throws {
            try await agent.send([
                agent.report(
                    .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now,
                    destinations: plan.destinations)
            ])
        }
        try await fail(agent, "inventory")
        bench.clock.advance(1)
        try await succeed()
        for expected in [[], ["2026-03-01T00:00:00Z: slack answered 404"], []] {
            // One refusal may be a passing one; a message that is taken ends it.
            slack.answer(expected.isEmpty && slack.posts.count > 1 ? [] : [WebhookAnswer(status: 404)])
            try await bench.coordinator.deliverAlerts()
            let found = try await findings()
            #expect(found.count == expected.count, "\(found)")
            #expect(zip(found, expected).allSatisfy { $0.hasSuffix($1) && $0.contains("slack, 1 waiting") }, "\(found)")
            let check = try await bench.coordinator.check(by: bench.admin)
            #expect(check.level == (expected.isEmpty ? 0 : 1))
            #expect(check.line.contains("alerts do not arrive by slack") == !expected.isEmpty, "\(check.line)")
            #expect(!check.line.contains("see holdfast status"), "what it names itself needs no look elsewhere")
            bench.clock.advance(60)
        }
        #expect(slack.posts.count == 3)
    }

    /// A bucket's key that is wrong fails every database of a fleet, one after the other.
    @Test func oneCauseIsOneMessageAtOnceAndOneForTheRest() async throws {
        let slack = Slack()
        let bench = try await bench(slack)
        let agent = try await bench.enrol("db-01")
        let refused = "no destination is left; offsite: PUT x answered AccessDenied (403), request 4f"
        for number in 0..<6 {
            try await fail(agent, "database-\(number)", refused + "\(number)a")
            try await bench.coordinator.deliverAlerts()
            bench.clock.advance(60)
        }
        #expect(slack.posts.count == 1)
        // What has another cause is told meanwhile.
        try await fail(agent, "other", "the password is wrong")
        try await bench.coordinator.deliverAlerts()
        #expect(slack.posts.count == 2)
        bench.clock.advance(ToldCauses.window)
        try await bench.coordinator.deliverAlerts()
        #expect(slack.posts.count == 3)
        let body = String(decoding: try #require(slack.posts.last).body, as: UTF8.self)
        #expect(body.contains("Backup of database-1 on db-01 failed, and 4 more for the same reason"), "\(body)")
        #expect(body.contains("AccessDenied (403)") && body.contains("Backup of database-5 on db-01 failed"), "\(body)")
        let states = try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).flatMap(\.deliveries)
        #expect(states.count == 7 && states.allSatisfy { $0.state == "sent" && $0.attempts == 1 })
    }

    @Test func manyAtOnceAreOneMessageThatNamesThemAll() async throws {
        let slack = Slack()
        let bench = try await bench(slack)
        let agent = try await bench.enrol("db-01")
        for number in 0..<30 { try await fail(agent, "database-\(number)") }
        try await bench.coordinator.deliverAlerts()
        #expect(slack.posts.count == 1)
        let body = String(decoding: try #require(slack.posts.first).body, as: UTF8.self)
        #expect(body.contains("30 alerts at once"))
        for number in 0..<30 { #expect(body.contains("Backup of database-\(number) on")) }
        let states = try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).flatMap(\.deliveries)
        #expect(states.count == 30 && states.allSatisfy { $0.state == "sent" })
    }

    /// A host that was taken over can raise as many alerts as it likes: not so that nobody sees the others'.
    @Test func oneHostsAlertsDoNotCrowdOutTheOthers() async throws {
        let slack = Slack()
        let bench = try await bench(slack)
        let (quiet, loud) = (try await bench.enrol("db-01"), try await bench.enrol("db-02"))
        try await fail(quiet, "inventory")
        bench.clock.advance(1)
        for number in 0..<120 { try await fail(loud, "invented-\(number)") }
        try await bench.coordinator.deliverAlerts()
        let body = String(decoding: try #require(slack.posts.first).body, as: UTF8.self)
        #expect(body.contains("121 alerts at once") && body.contains("Backup of inventory on db-01"))
        let shown = try await bench.coordinator.status(by: bench.admin).incidents
        #expect(shown.count == 100 && shown.contains { $0.agent == "db-01" })

        // The list has an end and a way to go on.
        let all = try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).map(\.id)
        var paged: [Int64] = []
        repeat {
            let page = try await bench.coordinator.alerts(
                includeResolved: false, before: paged.last, limit: 50, by: bench.admin)
            paged += page.map(\.id)
        } while paged.count < 121
        #expect(paged == all && all.count == 121)
        let own = try await bench.coordinator.alerts(includeResolved: false, agent: "db-01", by: bench.admin)
        #expect(own.map(\.database) == ["inventory"])
    }

    @Test func successIsSilentUnlessAsked() async throws {
        for isAsked in [false, true] {
            let slack = Slack()
            let bench = try await bench(slack, isAsked ? ["BACKUP_NOTIFY_SUCCESS": "true"] : [:])
            let agent = try await bench.enrol("db-01")
            _ = try await agent.checkIn(databases: [agent.facts("inventory")])
            try await agent.send([
                agent.report(.succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now)
            ])
            try await bench.coordinator.deliverAlerts()
            #expect(slack.posts.count == (isAsked ? 1 : 0))
        }
    }

    @Test func hostileNamesCallNobodyAndBreakNothing() throws {
        var message = AlertMessage(
            mood: .bad, title: "x\r\nBcc: evil@example.com <!channel> é", error: "<!here> & \u{202e}more", id: "1",
            at: Date(timeIntervalSince1970: 1_770_000_000))
        message.database = AlertMessage.clean("a\u{0}b\nc")
        let body = String(decoding: try SlackMessage(message).encoded(), as: UTF8.self)
        #expect(!body.contains("<!channel>") && body.contains("&lt;!here&gt; &amp; "))
        let route = EmailRoute(url: "smtps://m", from: "b@example.com", to: ["o@example.com", "p@example.com"])
        let mail = String(decoding: try MailMessage(route: route, message: message).encoded(), as: UTF8.self)
        let head = try #require(mail.split(separator: "\r\n\r\n", maxSplits: 1).first)
        #expect(!head.contains("Bcc"))
        #expect(head.utf8.allSatisfy { $0 < 128 })
        #expect(mail.split(separator: "\r\n", omittingEmptySubsequences: false).allSatisfy { $0.utf8.count <= 78 })
        #expect(head.contains("Date: Mon, 02 Feb 2026 02:40:00 +0000"))
        #expect(head.contains("Subject: =?utf-8?B?"))
        // Filed by when it was made, however long ago it began.
        message.happenedAt = Date(timeIntervalSince1970: 1_700_000_000)
        let late = String(decoding: try MailMessage(route: route, message: message).encoded(), as: UTF8.self)
        let parts = late.split(separator: "\r\n\r\n", maxSplits: 1).map(String.init)
        let text = Data(base64Encoded: try #require(parts.last), options: .ignoreUnknownCharacters) ?? Data()
        #expect(parts.first == String(head))
        #expect(String(decoding: text, as: UTF8.self).contains("Time: 2023-11-14T22:13:20Z"))
        var broken = route
        broken.to = ["o@example.com\r\nBcc: evil@example.com"]
        #expect(throws: BackupError.self) { try MailMessage(route: broken, message: message).encoded() }
    }

    /// P9, with a canary in everything that is secret.
    @Test func noSecretIsInTheCatalogOrInAnswers() async throws {
        let slack = Slack()
        let bench = try await bench(slack, ["AWS_SECRET_ACCESS_KEY": "CANARY-aws"])
        let passwordFile = bench.folder.appending(path: "password")
        try Data("CANARY-smtp\n".utf8).write(to: passwordFile)
        let agent = try await bench.enrol("db-01")
        let yaml = """
            policies: { p: { tiers: { daily: {} } } }
            alerts:
              slack: { webhook: env:BACKUP_SLACK_WEBHOOK }
              email: { url: "smtp://127.0.0.1:1", from: a@example.com, to: [b@example.com], usernameFile: \(passwordFile.path), passwordFile: \(passwordFile.path) }
            """
        let applied = try await bench.coordinator.apply(
            ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
        try await fail(agent, "inventory")
        slack.answer([nil])
        try await bench.coordinator.deliverAlerts()
        let tested = try await bench.coordinator.testAlerts(by: bench.admin)
        #expect(tested.map(\.channel) == ["slack", "email to b@example.com"])
        #expect(tested.map(\.delivered) == [true, false])
        #expect(slack.posts.count == 2 && slack.posts.allSatisfy { $0.url == Self.canary })
        let views = "\(applied) \(tested) \(try await bench.coordinator.status(by: bench.admin))"
        #expect(!views.contains("CANARY"))
        let created = try await bench.coordinator.createToken(
            TokenRequest(expiresInSeconds: 600, uses: 1, labels: [:]), by: bench.admin)
        let secrets = ["CANARY", try JoinString(created.join).secret, String(bench.adminToken.suffix(64))]
        for suffix in ["", "-wal"] {
            let bytes = try Data(
                contentsOf: URL(filePath: bench.folder.appending(path: "catalog.sqlite").path + suffix))
            for secret in secrets { #expect(bytes.range(of: Data(secret.utf8)) == nil) }
        }
    }
}
