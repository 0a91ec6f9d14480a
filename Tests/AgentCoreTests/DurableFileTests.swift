import Domain
import Foundation
import Testing

@testable import AgentCore

@Suite struct DurableFileTests {
    @Test(arguments: [("{}", "is missing"), ("", "it is not JSON"), (#"{"id":"canary""#, "it is not JSON")])
    func aDamagedFileIsNamedInWordsAndNotQuoted(text: String, words: String) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "holdfast-durable-\(UUID().uuidString)")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let error = try #require(throws: BackupError.self) { try DurableFile<AgentIdentity>(url: file).load() }
        #expect(error.code == .integrity)
        #expect(error.description.hasPrefix("\(file.path) is damaged: ") && error.description.hasSuffix(words))
        #expect(!error.description.contains("canary") && !error.description.contains("DecodingError"), "\(error)")
    }
}
