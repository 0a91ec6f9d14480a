import Daemon
import Domain
import Foundation
import Testing

/// Files that others could have written, or secrets that others can read.
@Suite struct FileRightsTests {
    private static func refusal(_ mode: Int, _ kind: FileRights.Kind, owner: Int? = nil) throws -> String? {
        let folder = try TemporaryFolder()
        let file = folder.file("file")
        try Data().write(to: URL(filePath: file))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        do {
            try FileRights.require(file, kind, user: geteuid() + UInt32(owner ?? 0))
            return nil
        } catch {
            #expect(error.code == .configuration)
            return error.message.replacing(folder.file(""), with: "")
        }
    }

    @Test func aKeyIsForItsOwnerAlone() throws {
        #expect(try Self.refusal(0o600, .key) == nil)
        #expect(try Self.refusal(0o400, .key) == nil)
        for mode in [0o640, 0o604, 0o620, 0o666] {
            #expect(try Self.refusal(mode, .key)?.contains("chmod 600") == true, "\(String(mode, radix: 8))")
        }
        #expect(try FileRights.require("/nonexistent/key", .key) == ())
    }

    @Test func settingsAreNotForOthersToChangeAndTheirSecretsNotForAllToRead() throws {
        for mode in [0o600, 0o640, 0o644] {
            #expect(try Self.refusal(mode, .settings(holdSecret: false)) == nil)
        }
        for mode in [0o660, 0o646, 0o602] {
            #expect(try Self.refusal(mode, .settings(holdSecret: false))?.contains("chmod go-w") == true)
        }
        #expect(try Self.refusal(0o640, .settings(holdSecret: true)) == nil)
        #expect(try Self.refusal(0o644, .settings(holdSecret: true))?.contains("chmod o-rwx") == true)
    }
}
