package import Foundation

/// A UUID of version 7 (RFC 9562, 5.7): it begins with the time in milliseconds, so that later ones sort later.
///
/// `random` gives the 74 bits that are not time or version, from at least 10 bytes; missing bytes count as 0. A time
/// before 1970 counts as 1970.
package func uuidV7(now: Date, random: [UInt8]) -> UUID {
    let milliseconds = UInt64(max(0, min(now.timeIntervalSince1970 * 1000, 281_474_976_710_655)))
    var bytes = (0..<6).map { UInt8(truncatingIfNeeded: milliseconds >> UInt64(40 - 8 * $0)) }
    bytes += random.prefix(10)
    bytes += [UInt8](repeating: 0, count: 16 - bytes.count)
    bytes[6] = bytes[6] & 0x0f | 0x70
    bytes[8] = bytes[8] & 0x3f | 0x80
    return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
}
