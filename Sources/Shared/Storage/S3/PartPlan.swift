/// How large the parts of an upload of unknown length are, so that 10,000 are enough while memory stays bounded.
///
/// With the standard plan: 8 MiB for the first 1,000 parts (8 GB), 16 MiB for the next 2,000 (40 GB), 32 MiB up to part
/// 7,000 (168 GB), 64 MiB up to 9,000 (296 GB), and 512 MiB for the last 1,000 (about 800 GB in all). Buffers take up to
/// 32, 48, 64, 128 MiB and 1 GiB; who stores objects beyond 296 GB and has no such memory gives a larger `base`.
package struct PartPlan: Sendable {
    package static let mostParts = 10_000

    /// The size of the first parts, in bytes. S3 accepts no less than 5 MiB.
    package let base: Int

    /// All parts are as large as the first: less than that many fit into an upload, and more memory is used from the beginning.
    let areEqual: Bool

    package init(base: Int = 8 << 20, areEqual: Bool = false) { (self.base, self.areEqual) = (base, areEqual) }

    /// For stores that demand parts of one size (Cloudflare R2): 64 MiB each, so 671 GB at most, and up to 128 MiB of buffers.
    package static let equal = PartPlan(base: 64 << 20, areEqual: true)

    /// Nil beyond the last part that S3 allows. Parts are counted from 1.
    func size(ofPart number: Int) -> Int? {
        if areEqual { return number <= Self.mostParts ? base : nil }
        return switch number {
        case ...1000: base
        case ...3000: base * 2
        case ...7000: base * 4
        case ...9000: base * 8
        case ...Self.mostParts: base * 64
        default: nil
        }
    }

    /// How many buffers of that size an upload holds: one that is filled, the others on their way.
    func buffers(ofSize size: Int) -> Int { min(4, max(2, base * 6 / size)) }
}
