import Daemon
import Foundation
import Logging
import Testing

@Suite struct LogLineTests {
    private let time = Date(timeIntervalSince1970: 1_768_442_400.25)

    @Test func aLineHasTimeLevelMessageAndSortedFields() {
        let line = LogLine.text(
            at: time, level: .warning, message: "run failed", metadata: ["run": "7", "database": "a b", "empty": ""])
        #expect(line == #"2026-01-15T02:00:00.250Z WARNING run failed database="a b" empty="" run=7"#)
    }

    @Test(arguments: ["a\nINFO forged", "a\r\nb", "a\u{1b}[2Jb", "a\u{85}b", "a\u{0}b"])
    func nothingThatIsLoggedBreaksTheLine(hostile: String) {
        let line = LogLine.text(at: time, level: .info, message: hostile, metadata: ["k\n": "\(hostile)"])
        #expect(!line.unicodeScalars.contains { $0.properties.generalCategory == .control })
    }

    @Test func quotesInAValueAreEscaped() {
        let line = LogLine.text(at: time, level: .info, message: "m", metadata: ["k": #"say "x""#])
        #expect(line.hasSuffix(#"k="say \"x\"""#))
    }
}

@Suite struct SecretListTests {
    @Test func knownSecretsAreReplacedLongestFirst() {
        let secrets = SecretList()
        secrets.add("hunter22")
        secrets.add("hunter22-and-more")
        #expect(secrets.redacted("pw=hunter22-and-more, then hunter22") == "pw=[redacted], then [redacted]")
    }

    @Test func whatIsTooShortToBeASecretIsLeftAlone() {
        let secrets = SecretList()
        secrets.add("")
        secrets.add("a")
        #expect(secrets.redacted("a banana") == "a banana")
    }

    @Test func theEnvironmentsSecretsAreKnownByTheirNames() {
        let secrets = SecretList(environment: [
            "AWS_SECRET_ACCESS_KEY": "canary-1", "BACKUP_SLACK_WEBHOOK": "https://hooks/canary-2",
            "HOME": "/home/me-123",
        ])
        #expect(
            secrets.redacted("canary-1 https://hooks/canary-2 /home/me-123") == "[redacted] [redacted] /home/me-123")
    }

    @Test func levelsAreReadByName() throws {
        #expect(try logLevel(named: "Debug") == .debug)
        #expect(throws: (any Error).self) { try logLevel(named: "loud") }
    }
}
