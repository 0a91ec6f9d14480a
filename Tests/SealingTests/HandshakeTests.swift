import Foundation
import Sealing
import Testing

/// The certificates at work: `openssl s_server` that demands a client certificate, and `openssl s_client`.
@Suite(.timeLimit(.minutes(2))) struct HandshakeTests {
    let openssl: OpenSSLCommand

    init() throws {
        openssl = try OpenSSLCommand()
        let now = Date()
        let authority = try CertificateAuthority.create(commonName: "fleet", now: now)
        let stranger = try CertificateAuthority.create(commonName: "fleet", now: now)
        try openssl.write("ca.pem", authority.certificate.pem())
        let server = try PrivateKey()
        try openssl.write("server.key", server.pem())
        try openssl.write(
            "server.pem",
            authority.issueServer(names: [ServerName("localhost")], publicKey: server.publicKey, now: now, days: 1)
                .pem())
        let agent = try PrivateKey()
        let csr = try CertificateSigningRequest(key: agent).pem()
        let id = UUID()
        try openssl.write("agent.key", agent.pem())
        try openssl.write("agent.pem", authority.issueAgent(csrPEM: csr, agentID: id, now: now).pem())
        try openssl.write("stranger.pem", stranger.issueAgent(csrPEM: csr, agentID: id, now: now).pem())
    }

    private func handshake(client: String) throws -> (accepted: Bool, output: String) {
        let server = try OpenSSLCommand.start(
            "openssl s_server -accept 127.0.0.1:0 -naccept 1 -www -tls1_3 -cert server.pem -key server.key "
                + "-CAfile ca.pem -Verify 1 -verify_return_error </dev/null", in: openssl.folder)
        var port: Substring?
        while port == nil, let line = OpenSSLCommand.line(of: server) {
            if line.hasPrefix("ACCEPT ") { port = line.split(separator: ":").last?.prefix { $0.isNumber } }
        }
        let answer = try openssl.run(
            "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | openssl s_client -connect 127.0.0.1:\(try #require(port)) -tls1_3 "
                + "-CAfile ca.pem -verify_hostname localhost -verify_return_error -quiet \(client)")
        let said = OpenSSLCommand.rest(of: server)
        _ = OpenSSLCommand.end(server)
        return (answer.output.contains("HTTP/1.0 200"), answer.output + said)
    }

    @Test func `server and agent accept each other over TLS 1.3`() throws {
        defer { try? openssl.remove() }
        let result = try handshake(client: "-cert agent.pem -key agent.key")
        #expect(result.accepted, "\(result.output)")
    }

    @Test(arguments: ["", "-cert stranger.pem -key agent.key", "-cert server.pem -key server.key"])
    func `a client without a certificate of this authority for clients is turned away`(client: String) throws {
        defer { try? openssl.remove() }
        let result = try handshake(client: client)
        #expect(!result.accepted, "\(result.output)")
    }
}
