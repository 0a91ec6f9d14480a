import Archive
import Domain
import Foundation
import Logging
import Storage
import Synchronization
import TestSupport
import Testing
import Threads
import Wire

@testable import AgentCore

@Suite(.timeLimit(.minutes(2))) struct PresignedObjectTests {
    private struct Answer: Encodable {
        var on = "GET /a?secret"
        var status = 200
        var body = ""
        var headers: [String: String] = [:]
        var times: Int?
        var `do`: String?
    }

    private func read(_ answers: [Answer], within budget: Duration = .seconds(20)) throws -> String {
        let script = String(decoding: try JSONEncoder().encode(answers), as: UTF8.self)
        let server = try ServerProcess(script: "scripted_http.py", ["--answers", script])
        defer { server.stop() }
        return try read(port: server.port, within: budget)
    }

    /// The budget is ample, so that only who must give up does; who does so sets a short one.
    private func read(port: Int, within budget: Duration) throws -> String {
        let retry = RetryPolicy(firstPause: .milliseconds(10), longestPause: .milliseconds(50), budget: budget)
        var bytes: [UInt8] = []
        try PresignedObject(url: "http://127.0.0.1:\(port)/a?secret", ca: nil, name: "a", retry: retry).read {
            (chunk) throws(BackupError) in bytes.append(contentsOf: chunk)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [500, 502, 503, 504, 429]) func anAnswerThatMayPassIsWaitedOut(status: Int) throws {
        let text = try read([
            Answer(status: status, times: 3), Answer(body: "hello"),
        ])
        #expect(text == "hello")
    }

    /// FAULT 165: the store's own reason, and the next step.
    @Test(arguments: [
        ("InvalidObjectState", "restore it from the archive first"),
        ("SignatureDoesNotMatch", "signed with a wrong key"),
        ("ExpiredToken", "credentials that signed the link have run out"),
        ("AccessDenied", "the link may have expired"),
    ]) func aRefusedLinkSaysWhy(code: String, words: String) throws {
        let error = #expect(throws: BackupError.self) {
            try read([Answer(status: 403, body: "<?xml version=\"1.0\"?><Error><Code>\(code)</Code></Error>")])
        }
        #expect(error?.code == .storageRefused)
        #expect(error?.message.contains("(\(code)); ") == true && error?.message.contains(words) == true)
    }

    @Test func aReadingThatBreaksGoesOnWhereItStopped() throws {
        let text = try read([
            Answer(body: "0123456789", headers: ["ETag": "\"x\""], times: 1, do: "cut"),
            Answer(status: 503, times: 2),
            Answer(status: 206, body: "56789"),
        ])
        #expect(text == "0123456789")
    }

    @Test func aStoreThatStaysAwayIsGivenUpInTime() throws {
        let began = ContinuousClock.now
        let short = Duration.milliseconds(500)
        let busy = #expect(throws: BackupError.self) { try read([Answer(status: 503)], within: short) }
        #expect(busy?.code == .storageUnavailable)
        #expect(busy?.description.contains("secret") == false)
        let away = #expect(throws: BackupError.self) { try read(port: 1, within: short) }
        #expect(away?.code == .storageUnavailable)
        #expect(began.duration(to: .now) < .seconds(30))
    }

    /// The addresses run out in the middle, and the rest is read by the next ones: from where it stopped.
    @Test func aLinkThatRunsOutIsRenewedAndTheReadingGoesOn() async throws {
        let answers = [
            Answer(on: "GET /a?one", body: "0123456789", headers: ["ETag": "\"x\""], times: 1, do: "cut"),
            Answer(on: "GET /a?one", status: 403), Answer(on: "GET /a?two", status: 206, body: "56789"),
        ]
        let script = String(decoding: try JSONEncoder().encode(answers), as: UTF8.self)
        let server = try ServerProcess(script: "scripted_http.py", ["--answers", script])
        defer { server.stop() }
        let base = "http://127.0.0.1:\(server.port)/a?"
        let digest = String(repeating: "a", count: 64)
        let object = Manifest.Object(
            role: .dump, name: "a", format: .plain, codec: .none, plainBytes: 10, plainSha256: digest, storedBytes: 10,
            storedSha256: digest)
        let asked = Mutex(0)
        let links = RestoreLinks(
            [ObjectSource(object: object, url: base + "one", ca: nil)],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) {
            asked.withLock { $0 += 1 }
            return [ObjectSource(object: object, url: base + "two", ca: nil)]
        }
        let retry = RetryPolicy(firstPause: .milliseconds(10), longestPause: .milliseconds(50), budget: .seconds(20))
        let presigned = PresignedObject(url: base + "one", ca: nil, name: "a", retry: retry, links: links)
        let text = try await links.renewing {
            try await onThread { () throws(BackupError) in
                var bytes: [UInt8] = []
                try presigned.read { (chunk) throws(BackupError) in bytes.append(contentsOf: chunk) }
                return String(decoding: bytes, as: UTF8.self)
            }
        }
        #expect(text == "0123456789" && asked.withLock { $0 } == 1)
    }

    @Test func aLinkThatHasExpiredIsNotTriedAgain() throws {
        let error = #expect(throws: BackupError.self) {
            try read([
                Answer(status: 403, times: 1), Answer(body: "hello"),
            ])
        }
        #expect(error?.code == .storageRefused)
        #expect(error?.message.contains("may have expired") == true)
    }
}
