import Foundation
import Testing
import Wire

@testable import holdfast

@Suite struct DestinationRenderingTests {
    private func view(_ change: (inout DestinationView) -> Void = { _ in }) -> DestinationView {
        var ways = StoreWays()
        (ways.conditionOnPut, ways.checksumOnComplete, ways.keepsMetadata) = (.honoured, .refused, true)
        var view = DestinationView(
            name: "offsite", place: "s3://acme-backups/ at https://s3.test", ways: ways, said: nil,
            foundAt: Sample.now - 7200, triedAt: Sample.now - 7200, failure: nil, notes: [],
            promises: [.init(promise: "P5", holds: false, words: "it may be overwritten")])
        change(&view)
        return view
    }

    @Test func whatIsKnownOfAStoreIsShownWithItsAgeAndWhatFollows() {
        var said = StoreWays()
        said.checksumOnComplete = .refused
        let lines = DestinationRendering.lines(
            [
                view {
                    ($0.said, $0.failure, $0.notes) = (said, "AccessDenied", ["versioning is not known"])
                }
            ], now: Sample.now, .plain)
        func line(_ name: String) -> String {
            lines.first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count)).trimmed } ?? ""
        }
        #expect(line("probed") == "2 h ago")
        #expect(line("last probe failed") == "AccessDenied")
        #expect(line("conditionOnPut") == "honoured" && line("checksumOnComplete") == "refused (fleet.yaml)")
        #expect(line("keepsMetadata") == "yes" && line("lock") == "not known")
        #expect(line("not found") == "versioning is not known")
        #expect(line("P5") == "does not hold: it may be overwritten")
    }

    @Test func aDirectoryHasNoWays() {
        let lines = DestinationRendering.lines(
            [
                view {
                    ($0.place, $0.ways, $0.foundAt) = ("/var/backups/holdfast", StoreWays(), nil)
                }
            ], now: Sample.now, .plain)
        #expect(lines.count == 3 && !lines.contains { $0.hasPrefix("probed") }, "\(lines)")
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }) }
}
