import Foundation
import Testing

@testable import CoordinatorAPI

@Suite struct LoginThrottleTests {
    private let start = Date(timeIntervalSince1970: 1_768_442_400)

    @Test func afterAFewFailuresAnAddressWaitsForTheRestOfTheMinute() {
        let throttle = LoginThrottle()
        for _ in 0..<4 { throttle.failed("a", now: start) }
        #expect(throttle.pause(for: "a", now: start) == nil)
        throttle.failed("a", now: start)
        #expect(throttle.pause(for: "a", now: start + 20) == 40)
        #expect(throttle.pause(for: "b", now: start + 20) == nil)
        #expect(throttle.pause(for: "a", now: start + 60) == nil)
    }

    @Test func aCrowdHoldsUpStrangersForAMinuteAndNoLonger() {
        let throttle = LoginThrottle()
        for number in 0..<10_000 { throttle.failed("address \(number)", now: start) }
        #expect(throttle.pause(for: "stranger", now: start + 1) != nil)
        #expect(throttle.pause(for: "stranger", now: start + 60) == nil)
    }
}
