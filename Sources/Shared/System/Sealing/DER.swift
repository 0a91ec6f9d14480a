/// The few shapes of DER (X.690) that certificate extensions need.
enum DER {
    static func sequence(_ parts: [[UInt8]]) -> [UInt8] { value(0x30, Array(parts.joined())) }

    static func octets(_ bytes: [UInt8]) -> [UInt8] { value(0x04, bytes) }

    /// A context-specific, implicitly tagged primitive, as in GeneralName.
    static func tagged(_ number: UInt8, _ content: [UInt8]) -> [UInt8] { value(0x80 | number, content) }

    /// Tag, length in the shortest form, content.
    static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        if count < 0x80 { return [tag, UInt8(count)] + content }
        var lengthBytes: [UInt8] = []
        var rest = count
        while rest > 0 {
            lengthBytes.insert(UInt8(rest & 0xff), at: 0)
            rest >>= 8
        }
        return [tag, 0x80 | UInt8(lengthBytes.count)] + lengthBytes + content
    }
}
