import Domain
import Foundation
import Testing

@Suite struct UUIDTests {
    @Test func `a UUID of version 7 is the example of RFC 9562`() {
        // Appendix A.6: 2022-02-22T19:22:22Z, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
        let made = uuidV7(
            now: Date(timeIntervalSince1970: 1_645_557_742),
            random: [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f])
        #expect(made.uuidString == "017F22E2-79B0-7CC3-98C4-DC0C0C07398F")
    }

    @Test func `later ones sort later, and odd times and short randomness are no trap`() {
        let ones = [UInt8](repeating: 0xff, count: 10)
        let now = Date(timeIntervalSince1970: 1_768_442_400)
        #expect(uuidV7(now: now, random: ones).uuidString < uuidV7(now: now + 0.001, random: []).uuidString)
        for odd in [
            Date.distantPast, .distantFuture, Date(timeIntervalSince1970: 1e300), Date(timeIntervalSince1970: .nan),
        ] {
            let text = uuidV7(now: odd, random: ones).uuidString
            #expect(Array(text)[14] == "7")
        }
    }
}
