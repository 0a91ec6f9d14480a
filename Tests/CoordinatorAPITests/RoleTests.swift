import CoordinatorAPI
import CoordinatorCore
import Domain
import Foundation
import Testing
import Transfer
import Wire

/// Which role may do what, address by address. What is not in this table is not served.
@Suite(.timeLimit(.minutes(2)))
struct RoleTests {
    static let id = "018f3a6e-0000-7000-8000-000000000001"
    static let table: [(method: String, path: String, least: OperatorRole)] = [
        ("GET", "/v1/status", .viewer), ("GET", "/v1/check", .viewer), ("GET", "/v1/agents", .viewer),
        ("GET", "/v1/agents/\(id)", .viewer), ("GET", "/v1/databases", .viewer), ("GET", "/v1/backups", .viewer),
        ("GET", "/v1/backups/\(id)", .viewer), ("GET", "/v1/runs/\(id)", .viewer),
        ("GET", "/v1/operations/\(id)", .viewer), ("POST", "/v1/runs/\(id)/cancel", .operator),
        ("POST", "/v1/operations/\(id)/cancel", .operator),
        ("GET", "/v1/cleanup", .viewer), ("GET", "/v1/alerts", .viewer), ("GET", "/v1/alerts/0", .viewer),
        ("GET", "/v1/schedules", .viewer),
        ("GET", "/v1/destinations", .viewer),
        ("POST", "/v1/backups", .operator), ("POST", "/v1/backups/\(id)/verify", .operator),
        ("POST", "/v1/backups/verify-all", .operator), ("POST", "/v1/alerts/test", .operator),
        ("POST", "/v1/tokens", .operator), ("POST", "/v1/backups/\(id)/restore", .restorer),
        ("POST", "/v1/apply", .admin), ("POST", "/v1/cleanup", .admin), ("POST", "/v1/agents/\(id)/revoke", .admin),
        ("GET", "/v1/tokens", .admin), ("POST", "/v1/tokens/\(id)/revoke", .admin),
        ("POST", "/v1/operator-tokens", .admin),
    ]

    @Test func withoutAKnownTokenThereIsNothing() async throws {
        var limits = ServerLimits()
        limits.failures = 1000
        try await LiveServer.run(limits: limits) { server in
            let (id, secret) = ("testadmin", "secret")
            let bad = [nil, "", "x", "hft_\(id)_", "hft_\(id)_wrong", "hft__\(secret)", "hft_\(id)_\(secret)x"]
            for (method, path, _) in Self.table {
                for bearer in bad {
                    let answer = try await server.send(method, path, bearer: bearer)
                    #expect(answer.status == 401, "\(method) \(path) with \(bearer ?? "no token")")
                    #expect(try answer.problem().type == "urn:holdfast:forbidden")
                    #expect(answer["www-authenticate"] != nil)
                }
            }
        }
    }

    @Test func eachRoleMayDoWhatItsTableSaysAndNoMore() async throws {
        try await LiveServer.run { server in
            for (method, path, least) in Self.table {
                for (role, token) in server.tokens {
                    let answer = try await server.send(
                        method, path, method == "GET" ? nil : Array("!".utf8), bearer: token)
                    #expect(answer.status != 401, "\(method) \(path) as \(role)")
                    #expect((answer.status == 403) == (role < least), "\(method) \(path) as \(role): \(answer.status)")
                }
            }
        }
    }

    @Test func aRevokedTokenEndsTheSessionThatItOpened() async throws {
        try await LiveServer.run { server in
            let viewer = try #require(server.tokens[.viewer])
            let cookie = try #require(try await server.login(viewer)["set-cookie"])
            let session = [("Cookie", String(cookie.prefix { $0 != ";" }))]
            #expect(try await server.send("GET", "/v1/status", headers: session).status == 200)
            let revoked = try await server.send("POST", "/v1/tokens/testviewer/revoke", bearer: server.admin)
            #expect(revoked.status == 204)
            #expect(try await server.send("GET", "/v1/status", headers: session).status == 401)
            #expect(try await server.send("GET", "/v1/status", bearer: viewer).status == 401)
        }
    }

    @Test func aViewerMadeByAnAdminLooksAndMakesNothing() async throws {
        try await LiveServer.run { server in
            let request = OperatorTokenRequest(role: "viewer", name: "monitoring", expiresInSeconds: 3600)
            let operators = try #require(server.tokens[.operator])
            #expect(try await server.post("/v1/operator-tokens", request, bearer: operators).status == 403)
            let answer = try await server.post("/v1/operator-tokens", request, bearer: server.admin)
            #expect(answer.status == 201, "\(answer.text)")
            let made = try JSON.decoder().decode(OperatorTokenCreated.self, from: Data(answer.body))
            #expect(try await server.send("GET", "/v1/status", bearer: made.token).status == 200)
            #expect(try await server.send("GET", "/v1/backups", bearer: made.token).status == 200)
            let backup = BackupRequest(type: "all", tier: .manual)
            #expect(try await server.post("/v1/backups", backup, bearer: made.token).status == 403)
            let join = TokenRequest(expiresInSeconds: 3600, uses: 1, labels: [:])
            #expect(try await server.post("/v1/tokens", join, bearer: made.token).status == 403)
            #expect(try await server.post("/v1/operator-tokens", request, bearer: made.token).status == 403)

            let list = try await server.send("GET", "/v1/tokens", bearer: server.admin)
            #expect(!list.text.contains(made.token.split(separator: "_")[2]))
            let listed = try JSON.decoder().decode([TokenView].self, from: Data(list.body)).first { $0.id == made.id }
            #expect(listed?.role == "viewer" && listed?.name == "monitoring" && listed?.revoked == false)
            let revoke = "/v1/tokens/\(made.id)/revoke"
            #expect(try await server.send("POST", revoke, bearer: server.admin).status == 204)
            #expect(try await server.send("GET", "/v1/status", bearer: made.token).status == 401)
        }
    }

    @Test func whatIsNotThereIs404AndWhatIsWrongIs400() async throws {
        try await LiveServer.run { server in
            for path in [
                "/v1/agents/nobody", "/v1/backups/\(Self.id)", "/v1/runs/\(Self.id)", "/v1/runs/x", "/v1/agents/%00",
            ] {
                let answer = try await server.send("GET", path, bearer: server.admin)
                #expect(answer.status == 404, "\(path): \(answer.text)")
                #expect(try answer.problem().type == "urn:holdfast:not-found")
            }
            for path in ["/v1/backups?tier=yearly", "/v1/backups?limit=0", "/v1/backups?limit=x", "/v1/agents/%ff"] {
                let answer = try await server.send("GET", path, bearer: server.admin)
                #expect(answer.status == 400, "\(path): \(answer.text)")
            }
        }
    }

    @Test func listsAreArraysAtTheTop() async throws {
        try await LiveServer.run { server in
            _ = try await server.join("db-01")
            let paths = [
                "agents", "databases", "backups", "alerts", "alerts?all=1", "schedules", "tokens",
                "backups?limit=5&tier=daily",
                "databases?agent=db-01&database=a%20b",
            ]
            for path in paths {
                let answer = try await server.send("GET", "/v1/\(path)", bearer: server.admin)
                #expect(answer.status == 200, "\(path): \(answer.text)")
                #expect(answer["content-type"] == "application/json")
                #expect(answer.text.hasPrefix("["))
            }
            let status = try await server.send("GET", "/v1/status", bearer: server.admin)
            #expect(try JSON.decoder().decode(StatusView.self, from: Data(status.body)).agents.map(\.name) == ["db-01"])
        }
    }
}
