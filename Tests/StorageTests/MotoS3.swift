import Domain
import Foundation
import Storage
import TestSupport
import Testing

/// moto over TLS, with signatures and IAM enforced (`Tests/Servers/moto_tls.py`).
final class MotoS3 {
    let process: ServerProcess
    let bucket: String
    private let folder: URL

    /// With a certificate for this host and for the bucket's own host name.
    init(bucket: String) throws {
        self.bucket = bucket
        folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-moto-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let (cert, key) = (folder.appending(path: "cert.pem").path, folder.appending(path: "key.pem").path)
        let made = system(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
                + "-addext subjectAltName=DNS:localhost,DNS:\(bucket).localhost -keyout \(key) -out \(cert) 2>/dev/null"
        )
        try #require(made == 0)
        process = try ServerProcess(script: "moto_tls.py", ["--bucket", bucket, "--cert", cert, "--key", key])
    }

    deinit {
        process.stop()
        try? FileManager.default.removeItem(at: folder)  // in the system's temporary folder, so no harm
    }

    /// "admin", "agent", "coordinator" or "session".
    func credentials(_ who: String) throws -> Credentials {
        let words = try #require(process.greeting.first { $0.hasPrefix("\(who) ") }).split(separator: " ").map(
            String.init)
        return Credentials(
            accessKeyID: words[1], secretAccessKey: words[2], sessionToken: words.count > 3 ? words[3] : nil)
    }

    func configuration(_ change: (inout S3Configuration) -> Void = { _ in }) throws -> S3Configuration {
        var configuration = S3Configuration(bucket: bucket, region: "us-east-1")
        configuration.endpoint = "https://localhost:\(process.port)"
        configuration.caFile = folder.appending(path: "cert.pem").path
        configuration.style = .path
        configuration.retry = ScriptedS3.patience
        change(&configuration)
        return configuration
    }

    func store(_ who: String, _ change: (inout S3Configuration) -> Void = { _ in }) throws -> S3Store {
        try S3Store(
            configuration: configuration(change), credentials: StaticCredentials(credentials(who)), now: { Date() })
    }
}
