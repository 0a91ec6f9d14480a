import Foundation
import Sealing
import Testing

@Suite(.timeLimit(.minutes(2))) struct CertificateAuthorityTests {
    let now = Date(timeIntervalSince1970: 1_768_442_400)  // 2026-01-15T02:00:00Z
    let agent = "6f1e2c3a-1111-4222-8333-444455556666"

    @Test func `an agent's certificate says what the design says, and openssl agrees`() throws {
        let openssl = try OpenSSLCommand()
        defer { try? openssl.remove() }
        let authority = try CertificateAuthority.create(commonName: "Holdfast fleet", now: now)
        let key = try PrivateKey()
        let issued = try authority.issueAgent(
            csrPEM: CertificateSigningRequest(key: key).pem(), agentID: agent.uppercased(), now: now)

        #expect(issued.uris == ["urn:uuid:\(agent)"])
        #expect(issued.agentID == UUID(uuidString: agent))
        #expect(issued.purposes == [.clientAuthentication])
        #expect(issued.keyFingerprint == key.publicKey.fingerprint)
        #expect(issued.notBefore == now - 300)
        #expect(issued.notAfter == now + 90 * 86_400)
        #expect(!issued.isAuthority)
        #expect(issued.isIssued(by: authority.certificate))

        try openssl.write("ca.pem", authority.certificate.pem())
        try openssl.write("agent.pem", issued.pem())
        let verified = try openssl.run(
            "openssl verify -x509_strict -attime 1768442400 -purpose sslclient -CAfile ca.pem agent.pem")
        #expect(verified.status == 0 && verified.output.contains("agent.pem: OK"), "\(verified.output)")
        let asServer = try openssl.run("openssl verify -attime 1768442400 -purpose sslserver -CAfile ca.pem agent.pem")
        #expect(asServer.status != 0)
        let late = try openssl.run("openssl verify -attime 1776304801 -CAfile ca.pem agent.pem")
        #expect(late.status != 0 && late.output.contains("expired"))

        let text = try openssl.run("openssl x509 -in agent.pem -noout -text -fingerprint -sha256 -serial").output
        #expect(text.contains("CA:FALSE") && text.contains("X509v3 Basic Constraints: critical"))
        #expect(text.contains("X509v3 Key Usage: critical\n                Digital Signature\n"))
        #expect(text.contains("TLS Web Client Authentication\n"))
        #expect(text.contains("URI:urn:uuid:\(agent)"))
        #expect(text.contains("Signature Algorithm: ecdsa-with-SHA256"))
        #expect(text.contains("NIST CURVE: P-256"))
        #expect(text.contains("X509v3 Subject Key Identifier") && text.contains("X509v3 Authority Key Identifier"))
        let colonless = text.replacing(":", with: "").lowercased()
        #expect(colonless.contains(issued.fingerprint))
        let serialLine = try #require(text.split(separator: "\n").first { $0.hasPrefix("serial=") })
        #expect(serialLine.dropFirst(7).lowercased() == issued.serial)
    }

    @Test func `a server's certificate is good for each of its names and no other`() throws {
        let openssl = try OpenSSLCommand()
        defer { try? openssl.remove() }
        let authority = try CertificateAuthority.create(commonName: "fleet", now: now)
        let names = try ["localhost", "backup.example.com", "127.0.0.1", "::1"].map { try ServerName($0) }
        let issued = try authority.issueServer(names: names, publicKey: PrivateKey().publicKey, now: now, days: 365)
        #expect(issued.dnsNames == ["localhost", "backup.example.com"])
        #expect(issued.purposes == [.serverAuthentication])
        #expect(issued.agentID == nil)
        try openssl.write("ca.pem", authority.certificate.pem())
        try openssl.write("server.pem", issued.pem())
        let verify = "openssl verify -x509_strict -attime 1768442400 -purpose sslserver -CAfile ca.pem"
        for good in ["-verify_hostname localhost", "-verify_ip 127.0.0.1", "-verify_ip ::1"] {
            let result = try openssl.run("\(verify) \(good) server.pem")
            #expect(result.status == 0, "\(good): \(result.output)")
        }
        for bad in ["-verify_hostname example.com", "-verify_ip 127.0.0.2", "-purpose sslclient"] {
            #expect(try openssl.run("\(verify) \(bad) server.pem").status != 0, "\(bad)")
        }
        #expect(throws: SealingError.self) {
            try authority.issueServer(names: [], publicKey: PrivateKey().publicKey, now: now, days: 1)
        }
    }

    @Test func `an authority that was written out and loaded goes on where it was`() throws {
        let authority = try CertificateAuthority.create(commonName: "Flotte Süd", now: now)
        let again = try CertificateAuthority(
            certificatePEM: authority.certificate.pem(), keyPEM: authority.key.pem())
        #expect(again.certificate == authority.certificate)
        #expect(authority.certificate.notAfter == now + 3650 * 86_400)
        #expect(authority.certificate.isAuthority && authority.certificate.isIssued(by: authority.certificate))
        let other = try CertificateAuthority.create(commonName: "Flotte Süd", now: now)
        let csr = try CertificateSigningRequest(key: PrivateKey()).pem()
        let issued = try again.issueAgent(csrPEM: csr, agentID: agent, now: now)
        #expect(issued.isIssued(by: authority.certificate))
        #expect(!issued.isIssued(by: other.certificate), "same name, other key")
        #expect(!issued.isIssued(by: issued))
        #expect(throws: SealingError.self, "the key of another") {
            try CertificateAuthority(certificatePEM: authority.certificate.pem(), keyPEM: other.key.pem())
        }
        let leafKey = try PrivateKey()
        let leaf = try authority.issueServer(
            names: [ServerName("a.example")], publicKey: leafKey.publicKey, now: now, days: 1)
        #expect(throws: SealingError.self, "a leaf is no authority") {
            try CertificateAuthority(certificatePEM: leaf.pem(), keyPEM: leafKey.pem())
        }
    }

    @Test func `no certificate outlives its authority, and an authority out of its time signs nothing`() throws {
        let authority = try CertificateAuthority.create(commonName: "fleet", now: now, validDays: 30)
        let csr = try CertificateSigningRequest(key: PrivateKey()).pem()
        let issued = try authority.issueAgent(csrPEM: csr, agentID: agent, now: now)
        #expect(issued.notAfter == authority.certificate.notAfter)
        #expect(issued.isValid(at: now) && !issued.isValid(at: now - 301) && !issued.isValid(at: now + 31 * 86_400))
        #expect(throws: SealingError.self) {
            try authority.issueAgent(csrPEM: csr, agentID: agent, now: now + 31 * 86_400)
        }
        #expect(throws: SealingError.self) { try authority.issueAgent(csrPEM: csr, agentID: "db-01", now: now) }
        #expect(throws: SealingError.self) {
            try authority.issueAgent(csrPEM: csr, agentID: agent, now: now, days: 0)
        }
        for name in ["", String(repeating: "x", count: 65), "a\0b"] {
            #expect(throws: SealingError.self) { try CertificateAuthority.create(commonName: name, now: now) }
        }
    }

    @Test func `serial numbers are random and 128 bits wide`() throws {
        let authority = try CertificateAuthority.create(commonName: "fleet", now: now)
        let csr = try CertificateSigningRequest(key: PrivateKey()).pem()
        let serials = try (0..<50).map { _ in try authority.issueAgent(csrPEM: csr, agentID: agent, now: now).serial }
        #expect(Set(serials).count == 50)
        #expect(serials.allSatisfy { $0.count <= 32 } && serials.contains { $0.count == 32 })
    }

    @Test(arguments: [
        "", "a b", "-a.example", "a..b", "example.com:8443", "https://example.com", "[::1]", "1.2.3", "1.2.3.4.5",
        "a,DNS:evil", "bücher.example", "a\0b", "*.", "a.*", String(repeating: "a.", count: 127) + "aa",
    ])
    func `a server name that is none is refused`(text: String) {
        #expect(throws: SealingError.self) { try ServerName(text) }
    }

    @Test(arguments: ["localhost", "*.example.com", "xn--bcher-kva.example", "10.0.0.1", "fe80::1", "db_1.internal"])
    func `a server name is taken as it is written`(text: String) throws {
        #expect(try ServerName(text).description == text)
    }
}
