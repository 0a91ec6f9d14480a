import Foundation
import Testing

@testable import CoordinatorAPI

@Suite struct AddressThrottleTests {
    private let start = Date(timeIntervalSince1970: 1_768_442_400)

    @Test func afterAFewFailuresAnAddressWaitsForTheRestOfTheMinute() {
        let throttle = AddressThrottle()
        for _ in 0..<4 { throttle.failed("a", now: start) }
        #expect(throttle.pause(for: "a", now: start) == nil)
        throttle.failed("a", now: start)
        #expect(throttle.pause(for: "a", now: start + 20) == 40)
        #expect(throttle.pause(for: "b", now: start + 20) == nil)
        #expect(throttle.pause(for: "a", now: start + 60) == nil)
    }

    @Test func aCrowdHoldsUpStrangersForAMinuteAndNoLonger() {
        let throttle = AddressThrottle()
        for number in 0..<10_000 { throttle.failed("address \(number)", now: start) }
        #expect(throttle.pause(for: "stranger", now: start + 1) != nil)
        #expect(throttle.pause(for: "stranger", now: start + 60) == nil)
    }

    @Test func aCrowdHoldsUpNobodyWhereSecretsCannotBeGuessed() {
        let throttle = AddressThrottle(allowed: 1, holdsUpStrangers: false)
        for number in 0..<10_001 { throttle.failed("address \(number)", now: start) }
        #expect(throttle.pause(for: "stranger", now: start + 1) == nil)
        #expect(throttle.pause(for: "address 1", now: start + 1) != nil)
    }

    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8::1", "20:1:d:b8:0:0:0:0::/64"),
        ("2001:db8::ffff:0:0:2", "20:1:d:b8:0:0:0:0::/64"), ("unknown", "unknown"),
    ])
    func aNetworkOfIPv6IsOneOrigin(address: String, origin: String) {
        #expect(AddressThrottle.origin(address) == origin)
    }
}
