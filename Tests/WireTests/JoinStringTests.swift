import Domain
import Testing
import Wire

@Suite struct JoinStringTests {
    private let join = JoinString(
        url: "https://backup.example:8443", caSha256: String(repeating: "ab", count: 32), tokenId: "t1",
        secret: "CANARY-s")

    @Test func itReadsBackWhatWasPrinted() throws {
        #expect(try JoinString(join.description) == join)
        #expect(try JoinString("  \(join.description)\n") == join)
    }

    @Test func aCutOneIsAUsageErrorThatQuotesNothing() throws {
        let text = join.description
        for length in [0, 3, 4, 10, text.count - 1] {
            let error = try #require(throws: BackupError.self) { try JoinString(String(text.prefix(length))) }
            #expect(error.code == .usage)
            #expect(!error.description.contains("CANARY"))
        }
    }
}
