import Foundation
import TestSupport
import Testing
import Threads
import Transfer

@Suite(.serialized, .timeLimit(.minutes(3)))
struct TransferClientTests {
    typealias Answer = ScriptedHTTP.Answer

    @Test func whatIsAskedArrivesAsItIs() throws {
        let server = try ScriptedHTTP([
            Answer(on: "POST /a%20b/../c?x=1&y=%2F", status: 201, body: "made", headers: ["X-Made": "yes"])
        ])
        let request = HTTPRequest(
            "POST", "\(server.url)/a%20b/../c?x=1&y=%2F", headers: [("X-One", "1"), ("X-Empty", "")],
            body: .bytes(Array("héllo".utf8)))
        let answer = try TransferClient().send(request)
        #expect(answer.status == 201 && answer.text == "made" && answer["x-MADE"] == "yes")
        let seen = try #require(server.requests().first)
        #expect(seen.method == "POST" && seen.path == "/a%20b/../c?x=1&y=%2F" && seen.body == "héllo")
        #expect(seen.headers["x-one"] == "1" && seen.headers["x-empty"] == "")
        #expect(seen.headers["user-agent"] == "holdfast/0.1")
        #expect(seen.headers["expect"] == nil && seen.headers["content-type"] == nil && seen.headers["accept"] == nil)
    }

    @Test func aLargeBodyGoesFromItsBuffer() throws {
        let server = try ScriptedHTTP([Answer(on: "PUT /x")])
        let buffer = TransferBuffer(capacity: 3 << 20)
        let bytes = [UInt8](repeating: UInt8(ascii: "b"), count: 4 << 20)
        #expect(bytes.withUnsafeBytes { buffer.append($0) } == 3 << 20)
        #expect(buffer.isFull)
        #expect(try TransferClient().send(HTTPRequest("PUT", "\(server.url)/x", body: .buffer(buffer))).status == 200)
        #expect(try server.requests().first?.body.utf8.count == 3 << 20)
    }

    @Test func emptyBodiesAndHeadsWork() throws {
        let server = try ScriptedHTTP([
            Answer(on: "PUT /x", status: 204), Answer(on: "HEAD /x", body: "12345"),
            Answer(on: "DELETE /x", status: 204),
        ])
        let client = TransferClient()
        #expect(try client.send(HTTPRequest("PUT", "\(server.url)/x")).status == 204)
        let head = try client.send(HTTPRequest("HEAD", "\(server.url)/x"))
        #expect(head.status == 200 && head["content-length"] == "5" && head.body == [])
        #expect(try client.send(HTTPRequest("DELETE", "\(server.url)/x")).status == 204)
        #expect(try server.requests().first?.headers["content-length"] == "0")
        #expect(Set(try server.requests().map(\.connection)).count == 1, "the connection was not used again")
    }

    @Test func redirectsAreAnswers() throws {
        let server = try ScriptedHTTP([
            Answer(on: "GET /a", status: 302, headers: ["Location": "/b"]), Answer(on: "GET /b"),
        ])
        let answer = try TransferClient().send(HTTPRequest("GET", "\(server.url)/a"))
        #expect(answer.status == 302 && answer["Location"] == "/b")
        #expect(try server.requests().map(\.path) == ["/a"])
    }

    @Test func aDownloadComesInChunksAndCanBeEnded() throws {
        let server = try ScriptedHTTP([Answer(on: "GET /x", body: "0123456789", do: "repeat", count: 500_000)])
        var (total, largest) = (0, 0)
        let answer = try TransferClient().download(HTTPRequest("GET", "\(server.url)/x"), onHead: { _ in .stream }) {
            bytes in
            total += bytes.count
            largest = max(largest, bytes.count)
            return true
        }
        #expect(answer.status == 200 && answer.body == [] && total == 5_000_000 && largest <= 1 << 20)
        let ended = kind {
            _ = try TransferClient().download(HTTPRequest("GET", "\(server.url)/x"), onHead: { _ in .stream }) { _ in
                false
            }
        }
        #expect(ended == .ended)
    }

    @Test func anErrorsBodyIsKeptWhenTheHeadSaysSo() throws {
        let server = try ScriptedHTTP([Answer(on: "GET /x", status: 503, body: "later")])
        var chunks = 0
        let answer = try TransferClient().download(
            HTTPRequest("GET", "\(server.url)/x"), onHead: { $0.status == 200 ? .stream : .keep }
        ) { _ in
            chunks += 1
            return true
        }
        #expect(answer.text == "later" && chunks == 0)
    }

    @Test func whatGoesWrongIsSaidByKind() throws {
        let server = try ScriptedHTTP([
            Answer(on: "GET /cut", body: "0123456789", do: "cut"),
            Answer(on: "GET /large", body: "0123456789", do: "repeat", count: 100_000),
            Answer(on: "GET /hang", do: "hang"),
            Answer(on: "GET /drip", body: String(repeating: "x", count: 100), do: "drip"),
        ])
        let client = TransferClient()
        #expect(kind { _ = try client.send(HTTPRequest("GET", "\(server.url)/cut")) } == .reset)
        #expect(kind { _ = try client.send(HTTPRequest("GET", "http://127.0.0.1:1/")) } == .connect)
        // A label that long is refused before anybody is asked.
        let host = String(repeating: "a", count: 64) + ".invalid"
        #expect(kind { _ = try client.send(HTTPRequest("GET", "http://\(host)/")) } == .resolve)
        var large = HTTPRequest("GET", "\(server.url)/large")
        large.answerLimit = 10_000
        #expect(kind { _ = try client.send(large) } == .tooLarge)
        #expect(
            kind { _ = try client.send(HTTPRequest("GET", "\(server.url)/hang", deadline: .milliseconds(300))) }
                == .timeout)
        #expect(
            kind { _ = try client.send(HTTPRequest("GET", "\(server.url)/hang", stallAfter: .seconds(1))) } == .timeout)
        #expect(
            kind { _ = try client.send(HTTPRequest("GET", "\(server.url)/drip", stallAfter: .seconds(2))) } == .timeout)
    }

    @Test func aReceiverThatTakesItsTimeIsNoStall() throws {
        let server = try ScriptedHTTP([Answer(on: "GET /x", body: "0123456789", do: "repeat", count: 1000)])
        var total = 0
        _ = try TransferClient().download(
            HTTPRequest("GET", "\(server.url)/x", stallAfter: .seconds(3)), onHead: { _ in .stream }
        ) { bytes in
            if total == 0 { Thread.sleep(forTimeInterval: 7) }
            total += bytes.count
            return true
        }
        #expect(total == 10_000)
    }

    @Test func aStopIsNoticedWithinASecondOrSo() throws {
        let server = try ScriptedHTTP([Answer(on: "GET /hang", do: "hang")])
        let stop = StopSignal()
        let stopper = Thread {
            Thread.sleep(forTimeInterval: 0.3)
            stop.stop()
        }
        stopper.start()
        let began = ContinuousClock.now
        #expect(
            kind { _ = try TransferClient().send(HTTPRequest("GET", "\(server.url)/hang"), stop: stop) } == .stopped)
        #expect(began.duration(to: .now) < .seconds(60))
    }

    @Test(arguments: [
        HTTPRequest("GET", "http://user:CANARY@localhost/"), HTTPRequest("GET", "file:///etc/passwd"),
        HTTPRequest("GET", "localhost/x"),
        HTTPRequest("GET", "http://localhost/\r\nCANARY"),
        HTTPRequest("GET", "http://localhost/", headers: [("X", "a\r\nCANARY: b")]),
        HTTPRequest("GET", "http://localhost/", headers: [("X:", "CANARY")]), HTTPRequest("GET", "http:///x"),
        HTTPRequest("G\nT", "http://localhost/"),
    ]) func hostileRequestsAreNotSent(request: HTTPRequest) {
        let error = #expect(throws: TransferError.self) { try TransferClient().send(request) }
        #expect(error?.kind == .invalid)
        #expect(error?.description.contains("CANARY") == false)
    }

    @Test func errorsNameNeitherPathNorQueryNorHeaders() {
        let request = HTTPRequest("GET", "http://127.0.0.1:1/CANARY?CANARY=1", headers: [("Authorization", "CANARY")])
        let error = #expect(throws: TransferError.self) { try TransferClient().send(request) }
        #expect(error?.description.contains("http://127.0.0.1:1") == true)
        #expect(error?.description.contains("CANARY") == false)
    }

    @Test func aLimitOnSendingIsKept() throws {
        let server = try ScriptedHTTP([Answer(on: "PUT /x")])
        var options = TransferOptions()
        options.sendLimit = 1 << 20
        let began = ContinuousClock.now
        let body = HTTPRequest.Body.bytes([UInt8](repeating: 1, count: 3 << 20))
        _ = try TransferClient(options).send(HTTPRequest("PUT", "\(server.url)/x", body: body))
        #expect(began.duration(to: .now) > .seconds(1.5))
    }

    @Test func manyThreadsShareOneClient() async throws {
        let server = try ScriptedHTTP([Answer(on: "GET /x", body: "ok")])
        let client = TransferClient()
        let url = server.url
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    try await onThread { () throws(TransferError) in
                        try client.send(HTTPRequest("GET", "\(url)/x")).text
                    }
                }
            }
            for try await text in group { #expect(text == "ok") }
        }
        withExtendedLifetime(server) {}
    }
}
