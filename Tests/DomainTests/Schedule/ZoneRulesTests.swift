import Foundation
import TestSupport
import Testing

@testable import Domain

/// Local time by the zones that lie on this host.
@Suite struct ZoneRulesTests {
    private func withZones(_ files: [String: String], _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-zones-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, source) in files {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: "\(ZoneRules.folder)/\(source)", toPath: file.path)
        }
        try body(folder.path)
    }

    /// A government changes its mind, and the distribution's tzdata says so: no new program is needed.
    @Test func theHostsRulesDecideAndNotThoseOfTheBuild() throws {
        try withZones(["Europe/Berlin": "Asia/Tokyo", "Europe/Newtown": "Asia/Tokyo"]) { folder in
            let now = 1_768_442_400
            #expect(ZoneRules(named: "Europe/Berlin", folder: folder)?.offset(at: now) == 9 * 3600)
            #expect(ZoneRules(named: "Europe/Newtown", folder: folder)?.offset(at: now) == 9 * 3600)
            // A host without this zone, or without any.
            #expect(ZoneRules(named: "Europe/Paris", folder: folder)?.offset(at: now) == 3600)
            #expect(ZoneRules(named: "Europe/Berlin", folder: "/no/such/folder")?.offset(at: now) == 3600)
            #expect(ZoneRules(named: "Europe/Oldtown", folder: folder) == nil)
        }
    }

    /// Every zone of this host, before, in and long after its list of changes, against Python, which reads the same files.
    @Test func everyZoneIsReadAsOthersReadIt() async throws {
        let script = """
            import zoneinfo, datetime, sys
            zoneinfo.reset_tzpath(to=[sys.argv[1]])
            instants = list(range(-2_000_000_000, 5_000_000_000, 77_777_777))
            # Around the changes of a year that only the rule knows.
            instants += range(2_529_000_000, 2_561_000_000, 1_234_567)
            for name in sorted(zoneinfo.available_timezones()):
                if "/" in name:
                    zone = zoneinfo.ZoneInfo(name)
                    for at in instants:
                        local = datetime.datetime.fromtimestamp(at, zone)
                        print(name, at, int(local.utcoffset().total_seconds()))
            """
        let python = ProcessInfo.processInfo.environment["HOLDFAST_PYTHON"] ?? "python3"
        let output = try await ProgramOutput.of(python, ["-c", script, ZoneRules.folder])
        try #require(output.status == 0, "\(output.error)")
        var zones: [String: ZoneRules] = [:]
        var wrong: [Substring] = []
        var count = 0
        for line in output.text.split(separator: "\n") {
            let words = line.split(separator: " ")
            let (name, instant, offset) = (String(words[0]), Int(words[1]), Int(words[2]))
            let zone = try #require(zones[name] ?? ZoneRules(named: name), "\(name)")
            zones[name] = zone
            if try zone.offset(at: #require(instant)) != offset { wrong.append(line) }
            count += 1
        }
        #expect(zones.count > 300 && count > 300 * 90)
        #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(20))")
    }

    @Test func whatIsNoZoneFileIsNone() throws {
        let whole = Array(try Data(contentsOf: URL(filePath: "\(ZoneRules.folder)/Europe/Berlin")))
        #expect(ZoneFile(whole) != nil)
        for length in 0..<whole.count { #expect(ZoneFile(Array(whole[..<length])) == nil, "\(length) bytes") }
        // Whatever stands there: no crash, and no offset that no zone ever had.
        var state: UInt64 = 20_260_115
        for _ in 0..<5000 {
            var bytes = whole
            for _ in 0..<4 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 24)
            }
            if let zone = ZoneFile(bytes) {
                for instant in [Int.min / 2, 0, 1_768_442_400, 1 << 40] {
                    #expect(abs(zone.offset(at: instant)) < 1 << 20)
                }
            }
        }
    }
}
