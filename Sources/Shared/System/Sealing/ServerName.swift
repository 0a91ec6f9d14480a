import COpenSSL

/// A name by which a server is reached: a DNS name or an IP address, as it goes into a certificate.
package struct ServerName: Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// The GeneralName in DER: dNSName or iPAddress.
    let generalName: [UInt8]

    /// Throws when the text is neither an IP address nor a DNS name in ASCII. A leading `*.` is allowed.
    package init(_ text: String) throws(SealingError) {
        description = text
        if text.utf8.count <= 45, let address = text.withCString({ a2i_IPADDRESS($0) }) {
            defer { ASN1_OCTET_STRING_free(address) }
            let bytes = UnsafeBufferPointer(
                start: ASN1_STRING_get0_data(address), count: Int(ASN1_STRING_length(address)))
            generalName = DER.tagged(7, Array(bytes))
            return
        }
        ERR_clear_error()
        guard Self.isDNSName(text) else {
            throw SealingError(
                "a server name must be an IP address or a DNS name (other alphabets in their xn-- form), "
                    + "without port, scheme or brackets")
        }
        generalName = DER.tagged(2, Array(text.utf8))
    }

    private static func isDNSName(_ text: String) -> Bool {
        let name = text.hasPrefix("*.") ? text.dropFirst(2) : text[...]
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...253).contains(text.utf8.count), let last = labels.last else { return false }
        // A last label of digits would be an address that did not parse.
        return labels.allSatisfy(isLabel) && !last.allSatisfy { isDigit($0) }
    }

    private static func isLabel(_ label: Substring.UTF8View) -> Bool {
        guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-") else {
            return false
        }
        return label.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: isDigit(byte)
            }
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
