package import Foundation

/// The UUID of version 5 (RFC 9562, 5.5) for a name: the same for the same namespace and name, everywhere and always.
package func uuidV5(namespace: UUID, name: String) -> UUID {
    let space = withUnsafeBytes(of: namespace.uuid) { [UInt8]($0) }
    var bytes = Array(sha1(space + Array(name.utf8)).prefix(16))
    bytes[6] = bytes[6] & 0x0f | 0x50
    bytes[8] = bytes[8] & 0x3f | 0x80
    return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
}
