import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// What the built coordinator answers to callers that are broken or not who they say, asked by the stock curl: a 4xx, and it
/// goes on serving (faults 74 to 79).
@Suite(.timeLimit(.minutes(10))) struct HostileCallTests {
    @Test func brokenAndHugeBodiesAreRefusedAndTheCoordinatorServesOn() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let agent = try await fleet.join("db-01", "databases: []\n")
        let pid = fleet.coordinatorPid
        let identity = agent.identity
        let brackets = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
        let blanks = [UInt8](repeating: UInt8(ascii: " "), count: 10_000_000)
        // Where anybody may knock, whoever failed time and again is told to wait before anything is looked at.
        func isRefused(_ path: String, _ body: [UInt8], _ expected: Int) async throws -> Bool {
            let status = try await fleet.post(path, body, identity).status
            return status == expected || (status == 429 && !path.hasPrefix("/v1/agent/"))
        }
        // A path and the statuses of: bodies that are no JSON, 100,000 brackets, 10 MB. Each path has its own limit.
        for (path, broken, deep, huge) in [
            ("/v1/agent/check-in", 400, 400, 413), ("/v1/agent/reports", 400, 400, 400), ("/v1/enrol", 400, 413, 413),
            ("/v1/renew", 400, 413, 413),
        ] {
            for text in [
                "", "<html>", "{\"version\":1,", "{\"version\":\"1\"}", "{\"version\":1e999}", "null",
                "{\"a\":\"\u{0}\"}",
            ] {
                #expect(try await isRefused(path, Array(text.utf8), broken), "\(text) to \(path)")
            }
            #expect(try await isRefused(path, [0xff, 0xfe, 0x7b], broken), "\(path)")
            #expect(try await isRefused(path, brackets, deep), "brackets to \(path)")
            #expect(try await isRefused(path, blanks, huge), "10 MB to \(path)")
            #expect(try await fleet.post(path, blanks, nil).status / 100 == 4, "10 MB to \(path) without a certificate")
        }
        #expect(try await fleet.run("status").status == 0)
        #expect(fleet.coordinatorPid == pid)
        try agent.start()
        defer { agent.kill() }
        try await fleet.isOnline("db-01")
    }

    @Test func wrongCertificatesAreRefusedAndTheRightOneIsNot() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let first = try await fleet.join("db-01", "databases: []\n")
        _ = try await fleet.join("db-02", "databases: []\n")
        let ids = try await fleet.catalog("SELECT lower(id) FROM agent ORDER BY name")
        #expect(ids.count == 2)
        let certificates = try WrongCertificates(fleet)
        let ours = ClientIdentity(
            certificate: fleet.data.appending(path: "ca.pem"), key: fleet.data.appending(path: "ca-key.pem"))
        let right = first.identity
        #expect(try await fleet.post("/v1/agent/check-in", Self.checkIn, right).status == 200)

        #expect(try await fleet.post("/v1/agent/check-in", Self.checkIn, nil).status == 401)
        // These do not get as far as a request: the handshake ends with an alert that says why.
        let other = try await certificates.issue("other", agent: ids[0])
        let refused = try await fleet.post("/v1/agent/check-in", Self.checkIn, other)
        #expect(refused.status == 0 && refused.words.contains("unknown ca"), "\(refused)")
        let expired = try await certificates.issue("expired", agent: ids[0], authority: ours, days: -1)
        let late = try await fleet.post("/v1/agent/check-in", Self.checkIn, expired)
        #expect(late.status == 0 && late.words.contains("certificate expired"), "\(late)")
        // Signed by the fleet's own authority, and still not the key that joined.
        let forged = try await certificates.issue("forged", agent: ids[0], authority: ours)
        #expect(try await fleet.post("/v1/agent/check-in", Self.checkIn, forged).status == 403)
        let stranger = try await certificates.issue("stranger", agent: UUID().uuidString, authority: ours)
        #expect(try await fleet.post("/v1/agent/check-in", Self.checkIn, stranger).status == 403)
        // Another agent's id in the body.
        #expect(try await fleet.post("/v1/agent/reports", Self.report(of: ids[1]), right).status == 403)
        #expect(try await fleet.catalog("SELECT id FROM run UNION SELECT id FROM backup") == [])
        #expect(try await fleet.post("/v1/agent/check-in", Self.checkIn, right).status == 200)

        try await fleet.holdfast("agent", "revoke", "db-01", "--yes")
        #expect(try await fleet.post("/v1/agent/check-in", Self.checkIn, right).status == 403)
        #expect(try await fleet.run("status").status == 0)
    }

    private static let checkIn = Array(
        """
        {"version":1,"holdfast":"0.1.0","bootId":"b","clock":"2026-01-15T02:00:00Z","planRevision":0,"running":[],
        "spoolDepth":0,"databases":[],"receivedCommands":[],"commands":[],"waitSeconds":0}
        """.utf8)

    /// That this agent made a backup.
    private static func report(of agent: String) -> [UInt8] {
        let times = #""startedAt":"\#(noon)","snapshotAt":"\#(noon)","finishedAt":"\#(noon)""#
        return Array(
            """
            {"version":1,"items":[{"id":"\(UUID())","run":{"run":"\(UUID())","attempt":1,"sequence":1,"database":"d","kind":"sqlite",
            "policy":"p","tiers":["daily"],"nominalAt":"\(noon)","at":"\(noon)","event":"succeeded","destinations":[],
            "manifest":{"format":1,"id":"\(UUID())","run":"\(UUID())","attempt":1,"agent":{"id":"\(agent)","name":"db-02"},
            "database":{"name":"d","kind":"sqlite"},"policy":"p","tiers":["daily"],"nominalAt":"\(noon)",\(times),
            "tool":"sqlite","objects":[],"restore":[],"holdfast":"0.1.0"}}}]}
            """.utf8)
    }

    private static let noon = "2026-01-15T12:00:00Z"
}
