import CoordinatorCore
import Domain
import NIOCore
import NIOSSL

extension TLSConfiguration {
    /// TLS 1.3 only, with our certificate; a client's certificate is asked for and not demanded, and one that our
    /// authority did not issue, that is not in its time, or that is not for clients, ends the handshake.
    static func coordinator(_ identity: ServerIdentity) throws -> TLSConfiguration {
        do {
            let chain = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificatePEM.utf8))
            let key = try NIOSSLPrivateKey(bytes: Array(identity.keyPEM.utf8), format: .pem)
            let authority = try NIOSSLCertificate.fromPEMBytes(Array(identity.caPEM.utf8))
            var tls = TLSConfiguration.makeServerConfigurationWithMTLS(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key),
                trustRoots: .certificates(authority))
            tls.certificateVerification = .optionalVerification
            tls.minimumTLSVersion = .tlsv13
            tls.applicationProtocols = ["http/1.1"]
            // So that a browser does not offer certificates that have nothing to do with us.
            tls.sendCANameList = true
            tls.shutdownTimeout = .seconds(2)
            return tls
        } catch {
            throw BackupError(.configuration, "the coordinator's certificate or key cannot be used", cause: error)
        }
    }
}
