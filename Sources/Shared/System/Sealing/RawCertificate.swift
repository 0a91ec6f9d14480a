import COpenSSL
import Foundation

/// Owns one X509 while it is looked at. Not Sendable.
final class RawCertificate {
    let raw: OpaquePointer

    init(_ der: [UInt8]) throws(SealingError) {
        guard der.count <= PEM.limit else {
            throw SealingError("reading a certificate: longer than \(PEM.limit) bytes")
        }
        var consumed = 0
        let read = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var start = buffer.baseAddress
            let read = d2i_X509(nil, &start, buffer.count)
            consumed = start.map { $0 - (buffer.baseAddress ?? $0) } ?? 0
            return read
        }
        guard let read else { throw opensslFailure("reading a certificate") }
        guard consumed == der.count else {
            X509_free(read)
            throw SealingError("reading a certificate: bytes after its end")
        }
        raw = read
    }

    deinit { X509_free(raw) }

    func spki() throws(SealingError) -> [UInt8] {
        var out: UnsafeMutablePointer<UInt8>?
        let length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(raw), &out)
        guard length > 0, let out else { throw opensslFailure("reading a certificate's key") }
        defer { CRYPTO_free(out, #file, #line) }
        return Array(UnsafeBufferPointer(start: out, count: Int(length)))
    }

    func serial() -> String { hex(bytes(of: X509_get0_serialNumber(raw))) }

    func notBefore() throws(SealingError) -> Date { try date(X509_get0_notBefore(raw)) }

    func notAfter() throws(SealingError) -> Date { try date(X509_get0_notAfter(raw)) }

    func alternativeNames() throws(SealingError) -> (uris: [String], dnsNames: [String]) {
        guard let names = try decodedExtension(NID_subject_alt_name, "alternative names") else { return ([], []) }
        let list = OpaquePointer(names)
        defer { GENERAL_NAMES_free(list) }
        var uris: [String] = []
        var dnsNames: [String] = []
        for index in 0..<max(0, copenssl_general_name_count(list)) {
            if let uri = copenssl_general_name(list, index, GEN_URI) { uris.append(try ascii(uri)) }
            if let name = copenssl_general_name(list, index, GEN_DNS) { dnsNames.append(try ascii(name)) }
        }
        return (uris, dnsNames)
    }

    func purposes() throws(SealingError) -> [KeyPurpose] {
        guard let usages = try decodedExtension(NID_ext_key_usage, "key usage") else { return [] }
        let list = OpaquePointer(usages)
        defer { EXTENDED_KEY_USAGE_free(list) }
        return (0..<max(0, copenssl_key_usage_count(list))).map { index in
            let object = copenssl_key_usage(list, index)
            return switch OBJ_obj2nid(object) {
            case NID_server_auth: .serverAuthentication
            case NID_client_auth: .clientAuthentication
            default: .other(dotted(object))
            }
        }
    }

    func isAuthority() -> Bool {
        defer { ERR_clear_error() }
        // 1 is a version 3 certificate whose basic constraints say so; the other positive answers are old forms.
        return X509_check_ca(raw) == 1
    }

    func isSigned(by issuer: RawCertificate) -> Bool {
        defer { ERR_clear_error() }
        return X509_check_issued(issuer.raw, raw) == X509_V_OK
            && X509_verify(raw, X509_get0_pubkey(issuer.raw)) == 1
    }

    /// The key identifier that certificates of this issuer point at.
    func subjectKeyIdentifier() -> [UInt8] { bytes(of: X509_get0_subject_key_id(raw)) }

    private func decodedExtension(_ nid: Int32, _ what: String) throws(SealingError) -> UnsafeMutableRawPointer? {
        var critical: Int32 = 0
        let value = X509_get_ext_d2i(raw, nid, &critical, nil)
        // -1 means that there is none; more than one (-2) and one that cannot be read are not to be taken for none.
        guard value != nil || critical == -1 else { throw opensslFailure("reading a certificate's \(what)") }
        return value
    }

    private func ascii(_ string: UnsafePointer<ASN1_STRING>) throws(SealingError) -> String {
        let content = bytes(of: string)
        guard content.allSatisfy({ (0x20..<0x7f).contains($0) }) else {
            throw SealingError("reading a certificate's alternative names: one is not printable ASCII")
        }
        return String(decoding: content, as: UTF8.self)
    }

    private func bytes(of string: UnsafePointer<ASN1_STRING>?) -> [UInt8] {
        guard let string, let start = ASN1_STRING_get0_data(string) else { return [] }
        return Array(UnsafeBufferPointer(start: start, count: Int(max(0, ASN1_STRING_length(string)))))
    }

    private func dotted(_ object: OpaquePointer?) -> String {
        var text = [CChar](repeating: 0, count: 128)
        guard OBJ_obj2txt(&text, Int32(text.count), object, 1) > 0 else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func date(_ time: UnsafePointer<ASN1_TIME>?) throws(SealingError) -> Date {
        let doing = "reading a certificate's times"
        guard let epoch = ASN1_TIME_set(nil, 0) else { throw opensslFailure(doing) }
        defer { ASN1_TIME_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard let time, ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { throw opensslFailure(doing) }
        return Date(timeIntervalSince1970: Double(days) * 86_400 + Double(seconds))
    }
}
