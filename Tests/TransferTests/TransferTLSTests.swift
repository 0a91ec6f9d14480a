import Foundation
import TestSupport
import Testing
import Transfer

@Suite(.serialized, .timeLimit(.minutes(3)))
struct TransferTLSTests {
    typealias Answer = ScriptedHTTP.Answer

    private func client(trusting trust: TransferOptions.Trust, _ change: (inout TransferOptions) -> Void = { _ in })
        -> TransferClient
    {
        var options = TransferOptions()
        options.trust = trust
        change(&options)
        return TransferClient(options)
    }

    private func pem(_ path: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(filePath: path))) }

    @Test func onlyTheGivenAuthorityIsTrusted() throws {
        let server = try ScriptedHTTP([Answer(on: "GET /x", body: "ok")], ["--tls"])
        let other = try ScriptedHTTP([], ["--tls"])
        let request = HTTPRequest("GET", "\(server.url)/x")
        #expect(try client(trusting: .file(server.authority)).send(request).text == "ok")
        #expect(try client(trusting: .pem(pem(server.authority))).send(request).text == "ok")
        #expect(kind { _ = try client(trusting: .system).send(request) } == .tls)
        #expect(kind { _ = try client(trusting: .file(other.authority)).send(request) } == .tls)
        #expect(kind { _ = try client(trusting: .pem(pem(other.authority))).send(request) } == .tls)
        #expect(kind { _ = try client(trusting: .file("/nonexistent.pem")).send(request) } == .tls)
    }

    @Test func theNameMustBeTheServers() throws {
        let server = try ScriptedHTTP([Answer(on: "GET /x")], ["--tls"])
        let url = "https://other.localhost:\(server.process.port)/x"
        #expect(kind { _ = try client(trusting: .file(server.authority)).send(HTTPRequest("GET", url)) } == .tls)
    }

    @Test func plainTextOnATLSPortIsNoTLS() throws {
        let server = try ScriptedHTTP()
        let url = "https://localhost:\(server.process.port)/x"
        #expect(kind { _ = try TransferClient().send(HTTPRequest("GET", url)) } == .tls)
    }

    @Test func aClientCertificateIsShown() throws {
        try withCertificates { ca, identity, stranger in
            let server = try ScriptedHTTP([Answer(on: "GET /x", body: "ok")], ["--tls", "--client-ca", ca])
            let request = HTTPRequest("GET", "\(server.url)/x")
            let known = client(trusting: .pem(try pem(server.authority))) {
                $0.identity = identity
                $0.minimumTLS = .tls13
            }
            #expect(try known.send(request).text == "ok")
            // The server's alert and the end of its connection race, so that either is what we see.
            let refusals: [TransferError.Kind?] = [.tls, .reset]
            let none = client(trusting: .file(server.authority))
            #expect(refusals.contains(kind { _ = try none.send(request) }))
            let unknown = client(trusting: .file(server.authority)) { $0.identity = stranger }
            #expect(refusals.contains(kind { _ = try unknown.send(request) }))
        }
    }

    @Test func anythingCanBeFetchedUnverifiedForAPin() throws {
        let server = try ScriptedHTTP([Answer(on: "GET /ca", body: "PEM")], ["--tls"])
        #expect(try TransferClient.fetchUnverified("\(server.url)/ca").text == "PEM")
        #expect(kind { _ = try TransferClient.fetchUnverified("\(server.url)/ca", limit: 2) } == .tooLarge)
        // It leaves no trace: the next ordinary request verifies again.
        #expect(kind { _ = try TransferClient().send(HTTPRequest("GET", "\(server.url)/ca")) } == .tls)
    }

    /// A self-signed client certificate that is its own authority, and another one.
    private func withCertificates(
        _ body: (_ ca: String, _ identity: TransferOptions.Identity, _ stranger: TransferOptions.Identity) throws ->
            Void
    ) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-tls-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var made: [TransferOptions.Identity] = []
        for name in ["agent", "stranger"] {
            let base = folder.appending(path: name).path
            let status = system(
                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=\(name) "
                    + "-keyout \(base).key -out \(base).pem 2>/dev/null")
            try #require(status == 0)
            made.append(.init(certificate: try pem("\(base).pem"), key: try pem("\(base).key")))
        }
        try body(folder.appending(path: "agent.pem").path, made[0], made[1])
    }
}
