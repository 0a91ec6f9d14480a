import Domain
import Foundation
import Testing
import Wire

/// A newer peer must never make this program fail to decode.
@Suite struct CompatibilityTests {
    @Test func unknownFieldsAreIgnoredAndUnknownWordsSurvive() throws {
        let json = #"""
            {"id":"6B29FC40-CA47-1067-B31D-00DD010662DA","expiresAt":"2026-01-15T02:00:00Z","verb":"teleport","fresh":{"a":[1]}}
            """#
        let command = try JSON.decoder().decode(Command.self, from: Data(json.utf8))
        #expect(command.verb == .unknown("teleport"))
        #expect(command.order == nil)
        #expect(String(decoding: try JSON.encoder().encode(command), as: UTF8.self).contains(#""verb":"teleport""#))
    }

    @Test func aCommandWhoseOrderIsMissingIsNoOrder() throws {
        let json = #"{"id":"6B29FC40-CA47-1067-B31D-00DD010662DA","expiresAt":"2026-01-15T02:00:00Z","verb":"backup"}"#
        #expect(try JSON.decoder().decode(Command.self, from: Data(json.utf8)).order == nil)
    }

    @Test func theCoordinatorTakesItsOwnNumberAndTwoBelow() {
        #expect(ProtocolVersion.accepted.contains(ProtocolVersion.current.rawValue))
        #expect(!ProtocolVersion.accepted.contains(ProtocolVersion.current.rawValue + 1))
        #expect(!ProtocolVersion.accepted.contains(0))
    }

    @Test(arguments: ["2026-01-15T02:00:00Z", "2026-01-15T02:00:00.250Z", "2026-01-15T03:00:00+01:00"])
    func timesOfRFC3339AreRead(text: String) throws {
        let date = try #require(Timestamp.date(text))
        #expect(abs(date.timeIntervalSince1970 - 1_768_442_400) < 0.3)
    }

    @Test(arguments: ["", "yesterday", "2026-13-01T00:00:00Z", "1e999", String(repeating: "2", count: 100)])
    func otherTimesAreRefused(text: String) {
        #expect(Timestamp.date(text) == nil)
    }
}
