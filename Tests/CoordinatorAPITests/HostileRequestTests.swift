import CoordinatorAPI
import Domain
import Foundation
import Testing
import Transfer
import Wire

/// Whatever is sent, the answer is a 4xx and the server goes on: FAULTS 75 to 78.
@Suite(.timeLimit(.minutes(3)))
struct HostileRequestTests {
    static let bodies: [(String, [UInt8])] = [
        ("empty", []),
        ("not JSON", Array("<html>".utf8)),
        ("cut", Array(#"{"version":1,"#.utf8)),
        ("a NUL", Array("{\"version\":1,\"a\":\"\0\"}".utf8)),
        ("not UTF-8", Array("{\"version\":1,\"a\":\"".utf8) + [0xff, 0xfe] + Array("\"}".utf8)),
        ("UTF-16", Array("{\"version\":1}".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })),
        ("100,000 brackets", [UInt8](repeating: UInt8(ascii: "["), count: 100_000)),
        ("100,000 braces", Array(String(repeating: "{\"a\":", count: 100_000).utf8)),
        ("deep in a field", Array("{\"version\":1,\"x\":\(String(repeating: "[", count: 65))".utf8)),
        ("1e999", Array(#"{"version":1e999}"#.utf8)),
        ("a number of 50,000 digits", Array("{\"version\":\(String(repeating: "9", count: 50_000))}".utf8)),
        ("NaN", Array(#"{"version":NaN}"#.utf8)),
        ("a wrong type", Array(#"{"version":"1"}"#.utf8)),
        ("null", Array("null".utf8)),
    ]

    @Test func badBodiesAreRefusedAndTheServerGoesOn() async throws {
        try await LiveServer.run { server in
            let (_, identity) = try await server.join("db-01")
            let agent = server.client(identity)
            for (what, body) in Self.bodies {
                for path in ["/v1/agent/check-in", "/v1/agent/reports"] {
                    let answer = try await server.send("POST", path, body, with: agent)
                    #expect(answer.status == 400, "\(what) to \(path)")
                    #expect(try answer.problem().type == "urn:holdfast:usage", "\(what)")
                }
                let enrolment = try await server.send("POST", "/v1/enrol", body)
                // The brackets are larger than what enrolment takes.
                #expect(enrolment.status == (body.count > 64 * 1024 ? 413 : 400), "\(what) to /v1/enrol")
                let apply = try await server.send("POST", "/v1/apply", body, bearer: server.admin)
                #expect(apply.status == 400, "\(what) to /v1/apply")
            }
            #expect(try await server.post("/v1/agent/check-in", checkIn(), with: agent).status == 200)
        }
    }

    @Test func unknownFieldsAreIgnored() async throws {
        try await LiveServer.run { server in
            let (_, identity) = try await server.join("db-01")
            var fields = try #require(
                try JSONSerialization.jsonObject(with: JSON.encoder().encode(checkIn())) as? [String: Any])
            fields["fromTheFuture"] = ["a": [1, 2, 3]]
            let body = Array(try JSONSerialization.data(withJSONObject: fields))
            let answer = try await server.send("POST", "/v1/agent/check-in", body, with: server.client(identity))
            #expect(answer.status == 200)
        }
    }

    @Test(arguments: [0, 7, -1]) func aProtocolThatWeDoNotSpeakSaysWhichSideToUpgrade(version: Int) async throws {
        try await LiveServer.run { server in
            let (_, identity) = try await server.join("db-01")
            // All else may have changed, too.
            let body = Array(#"{"version":\#(version),"shape":"another"}"#.utf8)
            let answer = try await server.send("POST", "/v1/agent/check-in", body, with: server.client(identity))
            #expect(answer.status == 400)
            let problem = try answer.problem()
            #expect(problem.type == "urn:holdfast:protocol")
            #expect(problem.detail?.contains(version > 1 ? "upgrade the coordinator" : "upgrade the agent") == true)
        }
    }

    @Test func bodiesBeyondTheLimitAre413() async throws {
        var limits = ServerLimits()
        limits.linger = .seconds(30)  // enough for a client that stalls
        try await LiveServer.run(limits: limits) { server in
            let (_, identity) = try await server.join("db-01")
            let agent = server.client(identity)
            let ten = [UInt8](repeating: UInt8(ascii: " "), count: 10_000_000)
            #expect(try await server.send("POST", "/v1/enrol", Array(ten.prefix(65_537))).status == 413)
            #expect(try await server.send("POST", "/v1/agent/check-in", ten, with: agent).status == 413)
            #expect(try await server.send("POST", "/v1/apply", ten, bearer: server.admin).status == 413)
            // Reports may be larger: this one is refused for being blank, not for its size.
            #expect(try await server.send("POST", "/v1/agent/reports", ten, with: agent).status == 400)
            let more = ten + ten
            #expect(try await server.send("POST", "/v1/agent/reports", more, with: agent).status == 413)
            #expect(try await server.isServing())
        }
    }

    @Test func encodedBodiesAreRefused() async throws {
        try await LiveServer.run { server in
            for coding in ["gzip", "br", "identity"] {
                let answer = try await server.send(
                    "POST", "/v1/enrol", Array("{}".utf8), headers: [("Content-Encoding", coding)])
                #expect(answer.status == 415, "\(coding)")
            }
        }
    }

    @Test func addressesThatAreNotThereAre404AndOtherMethods405() async throws {
        try await LiveServer.run { server in
            for path in ["/v1", "/v1/", "/v2/status", "/v1/status/x", "/../etc/passwd", "/%2e%2e/", "/index.html"] {
                let answer = try await server.send("GET", path, bearer: server.admin)
                #expect(answer.status == 404, "\(path)")
                #expect(try answer.problem().type == "urn:holdfast:not-found")
            }
            for (method, path) in [("DELETE", "/v1/status"), ("GET", "/v1/enrol"), ("PUT", "/"), ("POST", "/health")] {
                let answer = try await server.send(method, path)
                #expect(answer.status == 405, "\(method) \(path)")
                #expect(answer["allow"] != nil)
            }
        }
    }

    @Test func everyAnswerForbidsFramingSniffingAndKeeping() async throws {
        try await LiveServer.run { server in
            for path in ["/", "/health", "/v1/status", "/nowhere"] {
                let answer = try await server.send("GET", path)
                #expect(answer["strict-transport-security"] == "max-age=31536000")
                #expect(answer["cache-control"] == "no-store")
                #expect(answer["x-content-type-options"] == "nosniff")
                #expect(answer["referrer-policy"] == "same-origin")
                let policy = try #require(answer["content-security-policy"])
                #expect(policy.hasPrefix("default-src 'none';") && policy.contains("frame-ancestors 'none'"))
                #expect(answer["server"] == nil)
            }
        }
    }
}
