import Daemon
import Domain
import Foundation
import Testing

@Suite struct GivenFileTests {
    private func refusal(_ path: String) throws -> BackupError {
        try #require(throws: BackupError.self) {
            try GivenFile.text(path, .configuration, remedy: "name it with --config")
        }
    }

    @Test func itsTextIsReadThroughALink() throws {
        let folder = try TemporaryFolder()
        try Data("grün\n".utf8).write(to: URL(filePath: folder.file("real")))
        try FileManager.default.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: "real")
        #expect(try GivenFile.text(folder.file("link"), .usage, remedy: "") == "grün\n")
    }

    @Test func whatIsWrongIsSaidInWordsWithThePathAndTheRemedy() throws {
        let folder = try TemporaryFolder()
        try Data([0xFF]).write(to: URL(filePath: folder.file("binary")))
        try Data(count: (4 << 20) + 1).write(to: URL(filePath: folder.file("large")))
        for (path, words) in [
            (folder.file("gone"), "there is no file \(folder.file("gone"))"),
            (folder.path, "\(folder.path) is a folder"),
            (folder.file("binary/below"), "there is no file"), (folder.file("binary"), "is not UTF-8 text"),
            (folder.file("large"), "is larger than 4 MiB"), ("", "the name of the file is empty"),
        ] {
            let error = try refusal(path)
            #expect(error.code == .configuration)
            #expect(error.description.contains(words) && error.description.hasSuffix("; name it with --config"))
            #expect(!error.description.contains("Domain"), "\(error)")
        }
    }
}
