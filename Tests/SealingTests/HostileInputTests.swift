import Foundation
import Sealing
import Testing

/// What strangers send: every input ends in a value or an error, and no error repeats the input.
@Suite(.timeLimit(.minutes(2))) struct HostileInputTests {
    let now = Date(timeIntervalSince1970: 1_768_442_400)

    @Test func `a request from the openssl program is taken, and only its key counts`() throws {
        let openssl = try OpenSSLCommand()
        defer { try? openssl.remove() }
        _ = try openssl.run(
            """
            openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out csr.pem \
            -subj '/CN=root/O=evil' -addext 'subjectAltName=URI:urn:uuid:00000000-0000-0000-0000-000000000000' \
            -addext 'basicConstraints=critical,CA:TRUE' && openssl req -in csr.pem -noout -pubkey >pub.pem
            """)
        let csr = try CertificateSigningRequest(pem: openssl.read("csr.pem"))
        let expected = try openssl.run("openssl pkey -pubin -in pub.pem -outform DER | openssl sha256 -r").output
        #expect(expected.hasPrefix(csr.publicKey.fingerprint))
        #expect(try PrivateKey(pem: openssl.read("key.pem")).publicKey == csr.publicKey)
        let id = UUID()
        let issued = try CertificateAuthority.create(commonName: "fleet", now: now)
            .issueAgent(csrPEM: openssl.read("csr.pem"), agentID: id, now: now)
        #expect(issued.uris == ["urn:uuid:\(id.uuidString.lowercased())"] && !issued.isAuthority)
        try openssl.write("issued.pem", issued.pem())
        let text = try openssl.run("openssl x509 -in issued.pem -noout -text").output
        #expect(!text.contains("evil") && !text.contains("root"))
    }

    @Test(arguments: [
        "-newkey rsa:2048", "-newkey ec -pkeyopt ec_paramgen_curve:P-384",
        "-newkey ec -pkeyopt ec_paramgen_curve:P-224",
        "-newkey ed25519", "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit",
    ])
    func `keys that are not P-256 are refused`(kind: String) throws {
        let openssl = try OpenSSLCommand()
        defer { try? openssl.remove() }
        let made = try openssl.run("openssl req -new \(kind) -nodes -keyout key.pem -out csr.pem -subj /CN=x")
        try #require(made.status == 0, "\(made.output)")
        #expect(throws: SealingError.self) { try CertificateSigningRequest(pem: openssl.read("csr.pem")) }
        #expect(throws: SealingError.self) { try PrivateKey(pem: openssl.read("key.pem")) }
        let certificate = try openssl.run(
            "openssl x509 -req -in csr.pem -signkey key.pem -days 1 -out cert.pem && openssl x509 -in cert.pem -noout -text"
        )
        #expect(certificate.status == 0)
        #expect(try !Certificate(pem: openssl.read("cert.pem")).isAuthority, "any kind of certificate can be looked at")
    }

    @Test func `a request with one changed bit anywhere is refused`() throws {
        let csr = try CertificateSigningRequest(key: PrivateKey())
        for position in csr.der.indices {
            for bit in [0, 3, 7] {
                var changed = csr.der
                changed[position] ^= UInt8(1 << bit)
                let pem = pemText("CERTIFICATE REQUEST", changed)
                #expect(throws: SealingError.self, "byte \(position), bit \(bit)") {
                    try CertificateSigningRequest(pem: pem)
                }
            }
        }
    }

    @Test func `a certificate with changed, cut or added bytes never passes for the issued one`() throws {
        let authority = try CertificateAuthority.create(commonName: "fleet", now: now)
        let csr = try CertificateSigningRequest(key: PrivateKey()).pem()
        let issued = try authority.issueAgent(csrPEM: csr, agentID: UUID(), now: now)
        for position in issued.der.indices {
            var changed = issued.der
            changed[position] ^= 0x20
            if let read = try? Certificate(der: changed) { #expect(!read.isIssued(by: authority.certificate)) }
            #expect(throws: SealingError.self) { try Certificate(der: Array(issued.der.prefix(position))) }
        }
        #expect(throws: SealingError.self) { try Certificate(der: issued.der + [0]) }
    }

    @Test func `random bytes are no certificate, request or key`() {
        var generator = SystemRandomNumberGenerator()
        for size in 0..<300 {
            let junk = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(throws: SealingError.self) { try Certificate(der: junk) }
            #expect(throws: SealingError.self) { try PrivateKey(pem: pemText("PRIVATE KEY", junk)) }
            #expect(throws: SealingError.self) {
                try CertificateSigningRequest(pem: pemText("CERTIFICATE REQUEST", junk))
            }
        }
    }

    @Test(arguments: [
        "", "hello", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN X-----\nAAAA\n-----END X-----\n", "\0\0\0",
    ])
    func `text that is no PEM is an error that does not repeat it`(text: String) throws { try refuse(text) }

    @Test func `much text that is no PEM is an error too`() throws {
        try refuse(String(repeating: "A", count: 10_000_000))
        try refuse(String(repeating: "-----BEGIN CERTIFICATE-----\n", count: 2000))
        try refuse("-----BEGIN CERTIFICATE-----\n" + String(repeating: "AAAA\n", count: 12_000))
    }

    private func refuse(_ text: String) throws {
        for read in [
            { _ = try Certificate(pem: text) }, { _ = try CertificateSigningRequest(pem: text) },
            { _ = try PrivateKey(pem: text) }, { _ = try Certificate.bundle(pem: text) },
        ] as [() throws -> Void] {
            let error = try #require(throws: SealingError.self) { try read() }
            #expect(error.message.count < 200 && !error.message.contains("AAAA"))
        }
    }

    @Test func `an encrypted key is an error, not a question on the terminal`() throws {
        let openssl = try OpenSSLCommand()
        defer { try? openssl.remove() }
        try openssl.write("key.pem", PrivateKey().pem())
        _ = try openssl.run("openssl pkcs8 -topk8 -in key.pem -out locked.pem -passout pass:secret")
        _ = try openssl.run("openssl ec -aes128 -in key.pem -out old.pem -passout pass:secret")
        #expect(throws: SealingError.self) { try PrivateKey(pem: openssl.read("locked.pem")) }
        #expect(throws: SealingError.self) { try PrivateKey(pem: openssl.read("old.pem")) }
    }

    @Test func `a key survives writing and reading, and its description keeps it`() throws {
        let key = try PrivateKey()
        let pem = try key.pem()
        #expect(pem.hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
        #expect(try PrivateKey(pem: pem).publicKey == key.publicKey)
        let body = try #require(pem.split(separator: "\n").dropFirst().first)
        #expect(!"\(key)".contains(body))
    }

    @Test func `a bundle gives every certificate in it`() throws {
        let one = try CertificateAuthority.create(commonName: "one", now: now).certificate
        let two = try CertificateAuthority.create(commonName: "two", now: now).certificate
        #expect(try Certificate.bundle(pem: one.pem() + "\n# between\n" + two.pem()) == [one, two])
        #expect(throws: SealingError.self) { try Certificate(pem: one.pem() + two.pem()) }
    }

    private func pemText(_ label: String, _ der: [UInt8]) -> String {
        "-----BEGIN \(label)-----\n\(Data(der).base64EncodedString(options: .lineLength64Characters))\n-----END \(label)-----\n"
    }
}
