import Daemon
import Domain
import Foundation
import Sealing

/// Keys and certificates in the data directory.
enum CoordinatorFiles {
    private static let serverDays = 825
    /// Made anew at a start with less than this left.
    private static let renewWithin: TimeInterval = 180 * 86_400
    private static let limit = 64 << 10

    /// Throws `.configuration` when others may read a key.
    static func authority(_ paths: CoordinatorPaths) throws(BackupError) -> CertificateAuthority {
        try FileRights.require(paths.caKey.path, .key)
        try FileRights.require(paths.serverKey.path, .key)
        let (certificate, key) = (try text(paths.caCertificate), try text(paths.caKey))
        return try sealing("loading the certificate authority") { () throws(SealingError) in
            try CertificateAuthority(certificatePEM: certificate, keyPEM: key)
        }
    }

    /// Of the authority whose files lie there.
    static func certificate(_ paths: CoordinatorPaths) throws(BackupError) -> Certificate {
        let pem = try text(paths.caCertificate)
        return try sealing("reading \(paths.caCertificate.path)") { () throws(SealingError) in
            try Certificate(pem: pem)
        }
    }

    static func write(_ authority: CertificateAuthority, _ paths: CoordinatorPaths) throws(BackupError) {
        let doing = "writing the certificate authority"
        try AtomicFile.write(
            paths.caKey.path, Array(try sealing(doing) { () throws(SealingError) in try authority.key.pem() }.utf8))
        try AtomicFile.write(
            paths.caCertificate.path,
            Array(try sealing(doing) { () throws(SealingError) in try authority.certificate.pem() }.utf8), mode: 0o644)
    }

    /// The server's certificate for these names, made anew when it is missing, does not fit, or runs out soon.
    static func serverIdentity(
        _ paths: CoordinatorPaths, _ authority: CertificateAuthority, hostnames: [String], now: Date
    ) throws(BackupError) -> ServerIdentity {
        let ca = try text(paths.caCertificate)
        if let kept = kept(paths, authority, now: now) {
            return ServerIdentity(certificatePEM: kept.certificate, keyPEM: kept.key, caPEM: ca)
        }
        let (certificate, key) = try sealing("making the server's certificate") { () throws(SealingError) in
            let key = try PrivateKey()
            let names = try hostnames.map { (name) throws(SealingError) in try ServerName(name) }
            let certificate = try authority.issueServer(
                names: names, publicKey: key.publicKey, now: now, days: serverDays)
            return (try certificate.pem(), try key.pem())
        }
        try AtomicFile.write(paths.serverKey.path, Array(key.utf8))
        try AtomicFile.write(paths.serverCertificate.path, Array(certificate.utf8), mode: 0o644)
        return ServerIdentity(certificatePEM: certificate, keyPEM: key, caPEM: ca)
    }

    private static func kept(
        _ paths: CoordinatorPaths, _ authority: CertificateAuthority, now: Date
    ) -> (certificate: String, key: String)? {
        // Whatever is wrong with these two, the answer is the same: they are made anew.
        guard let certificate = try? text(paths.serverCertificate), let key = try? text(paths.serverKey),
            let read = try? Certificate(pem: certificate), let pair = try? PrivateKey(pem: key),
            read.keyFingerprint == pair.publicKey.fingerprint, read.isIssued(by: authority.certificate),
            read.isValid(at: now), read.notAfter.timeIntervalSince(now) > renewWithin
        else { return nil }
        return (certificate, key)
    }

    private static func text(_ url: URL) throws(BackupError) -> String {
        String(decoding: try AtomicFile.read(url.path, limit: limit), as: UTF8.self)
    }
}

/// Turns an error of the sealing module into one that says what was being done.
func sealing<Value>(
    _ doing: String, _ code: BackupError.Code = .configuration, _ body: () throws(SealingError) -> Value
) throws(BackupError) -> Value {
    do {
        return try body()
    } catch {
        throw BackupError(code, doing, cause: error)
    }
}
