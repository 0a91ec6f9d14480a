import Foundation
import TestSupport
import Testing

/// Released programs have a seventh of ICU's data (`deploy/parts/icu_data.py`): enough for all that Holdfast asks of it.
@Suite(.timeLimit(.minutes(5))) struct ICUDataTests {
    /// Each way in which our sources format, parse or ask for zones, and a few that somebody might add.
    private static let source = #"""
        import Foundation
        let date = Date(timeIntervalSince1970: 1_785_000_000.123)
        print(date.formatted(Date.ISO8601FormatStyle()), date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        print(try Date("2026-01-15T02:00:00Z", strategy: .iso8601))
        let plain = Locale(identifier: "en_US_POSIX")
        print((1234567.891).formatted(.number.precision(.fractionLength(1)).grouping(.never).locale(plain)))
        print((-0.05).formatted(.number.precision(.fractionLength(1)).locale(plain)), Locale.current.identifier.isEmpty)
        for name in TimeZone.knownTimeZoneIdentifiers.sorted() {
            guard let zone = TimeZone(identifier: name) else { print(name, "none"); continue }
            print(name, (0..<24).map { zone.secondsFromGMT(for: date.addingTimeInterval(Double($0) * 30 * 86400)) })
        }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "Europe/Berlin")!
        print(calendar.dateComponents([.year, .month, .day, .hour, .weekday], from: date))
        print("ÄÖß straße".uppercased(), "É".lowercased(), "a".localizedStandardCompare("B").rawValue, "e\u{301}" == "é")
        print(["b", "A", "ä", "z"].sorted { $0.localizedCompare($1) == .orderedAscending })
        """#

    @Test func aProgramWithLessOfItSaysTheSame() async throws {
        let host = try Host()
        let folder = host.folder
        try Data(Self.source.utf8).write(to: folder.appending(path: "main.swift"))
        let script = #"""
            set -euo pipefail
            library=$(dirname "$(readlink -f "$(command -v swift)")")/../lib/swift_static/linux/lib_FoundationICU.a
            wrap=$(python3 "$1" "$library" less.o)
            swiftc -static-stdlib main.swift -o whole
            swiftc -static-stdlib main.swift -o less -Xlinker "$wrap" -Xlinker "$PWD/less.o"
            """#
        let made = try await ProgramOutput.of(
            "bash", ["-c", script, "bash", Release.repository.appending(path: "deploy/parts/icu_data.py").path],
            environment: ["HOME": folder.path], folder: folder)
        #expect(made.status == 0, "\(made.error)")
        var said: [String] = []
        for (program, language) in [("whole", "C.UTF-8"), ("less", "C.UTF-8"), ("less", "de_DE.UTF-8")] {
            let output = try await ProgramOutput.of(
                folder.appending(path: program).path, [], environment: ["LC_ALL": language, "LANG": language])
            #expect(output.status == 0, "\(program): \(output.error)")
            said.append(output.text)
        }
        #expect(said[0].split(separator: "\n").count > 400 && said[0].contains("1234567.9\n"))
        #expect(said.allSatisfy { $0 == said[0] })
        let sizes = try ["whole", "less"].map { name in
            let facts = try FileManager.default.attributesOfItem(atPath: folder.appending(path: name).path)
            return try #require(facts[.size] as? Int)
        }
        #expect(sizes[0] - sizes[1] > 25_000_000, "\(sizes)")
    }
}
