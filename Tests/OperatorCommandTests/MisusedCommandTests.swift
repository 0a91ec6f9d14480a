import Foundation
import TestSupport
import Testing

/// What the built program says to one who uses it a little wrong: the exit status, the words, and that nothing was asked.
@Suite(.timeLimit(.minutes(2))) struct MisusedCommandTests {
    /// Words of other people's software, which say nothing to an operator.
    private static let foreign = ["NSCocoaErrorDomain", "NSPOSIXErrorDomain", "DecodingError", "UserInfo"]

    @Test(arguments: [["check"], ["--help"], ["backup", "--help"], ["health"]])
    func aReaderThatHasGoneEndsItWithoutAWord(arguments: [String]) async throws {
        let ended = try await BuiltHoldfast().runUnread(arguments)
        #expect(ended.error == "")
        #expect(ended.status == 141 || arguments.contains("--help"), "\(ended.status)")
    }

    @Test func aFullDiskIsAFailureThatIsTold() async throws {
        let ended = try await BuiltHoldfast().run(["check"], to: "/dev/full")
        #expect(ended.status == 12 && ended.error.contains("disk full"), "\(ended.status): \(ended.error)")
    }

    @Test(arguments: [
        (["backup", "show", ""], "backup"), (["backup", "verify", ""], "backup"), (["restore", ""], "backup"),
        (["agent", "show", ""], "agent"), (["agent", "revoke", "", "--yes"], "agent"),
        (["token", "revoke", ""], "token"),
        (["database", "show", ""], "database"), (["database", "show", "x", "--agent", ""], "agent"),
        (["schedule", "next", "--database", ""], "database"), (["schedule", "list", "--agent", ""], "agent"),
        (["backup", "list", "--database", ""], "database"), (["database", "list", "--agent", ""], "agent"),
        (["backup", "create", "--agent", ""], "agent"), (["backup", "create", "--database", ""], "database"),
    ])
    func anEmptyNameIsAMistakeOfTheCommandLine(arguments: [String], noun: String) async throws {
        let ended = try await BuiltHoldfast().run(arguments)
        #expect(ended.status == 2, "\(ended.error)")
        #expect(ended.error.contains(noun) && !ended.error.contains("proxy"), "\(ended.error)")
    }

    @Test func nothingIsRevokedWithoutAConfirmation() async throws {
        let ended = try await BuiltHoldfast().run(["agent", "revoke", "db-01"])
        #expect(ended.status == 2 && ended.error.contains("--yes"), "\(ended.status): \(ended.error)")
    }

    @Test(arguments: [
        ("/nonexistent/dir/report.json", "there is no folder /nonexistent/dir"), ("/dev/null", "not a regular file"),
        ("", "empty"), ("/tmp", "not a regular file"), ("reports/", "not a regular file"),
    ])
    func aReportThatCouldNotBeWrittenIsToldBeforeTheBackup(path: String, words: String) async throws {
        let ended = try await BuiltHoldfast().run(["backup", "create", "--wait", "--output", path])
        #expect(ended.status == 2, "asking the coordinator would have ended with 6: \(ended.error)")
        #expect(ended.error.contains(words) && ended.error.contains("nothing was backed up"), "\(ended.error)")
    }

    @Test func aReportMayBeNewOrReplaceAnOlderOne() async throws {
        let holdfast = try BuiltHoldfast()
        try Data("{}".utf8).write(to: holdfast.folder.appending(path: "old.json"))
        for path in ["new.json", "old.json", holdfast.folder.path + "/new.json"] {
            #expect(try await holdfast.run(["backup", "create", "--output", path]).status == 6, "\(path)")
        }
    }

    @Test(arguments: [
        ("missing.yaml", "there is no file missing.yaml"), ("/tmp", "/tmp is a folder"), ("", "empty"),
        ("binary", "binary is not UTF-8 text"),
    ])
    func aFleetFileThatCannotBeReadIsNamedWithTheRemedy(file: String, words: String) async throws {
        let holdfast = try BuiltHoldfast()
        try Data([0xFF, 0xFE]).write(to: holdfast.folder.appending(path: "binary"))
        let ended = try await holdfast.run(["apply", "-f", file])
        #expect(ended.status == 2)
        #expect(ended.error.contains(words) && ended.error.contains("with -f"), "\(ended.error)")
        #expect(!Self.foreign.contains { ended.error.contains($0) }, "\(ended.error)")
    }

    @Test(arguments: [("missing.pem", "there is no file missing.pem"), ("/tmp", "/tmp is a folder")])
    func anAuthorityThatCannotBeReadIsNamedWithTheRemedy(file: String, words: String) async throws {
        let ended = try await BuiltHoldfast().run(["status"], ["HOLDFAST_CA": file])
        #expect(ended.status == 8)
        #expect(ended.error.contains("HOLDFAST_CA: \(words)") && ended.error.contains("ca.pem"), "\(ended.error)")
        #expect(!Self.foreign.contains { ended.error.contains($0) }, "\(ended.error)")
    }

    @Test func aFolderWithOtherFilesIsNotTakenForACoordinator() async throws {
        let holdfast = try BuiltHoldfast()
        try Data("x".utf8).write(to: holdfast.folder.appending(path: "mine"))
        chmod(holdfast.folder.path, 0o755)
        for folder in ["", holdfast.folder.path] {
            let ended = try await holdfast.run(["init", "--data-dir", folder, "--no-context"])
            #expect(ended.status == 2 && ended.error.contains("--data-dir"), "\(ended.error)")
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: holdfast.folder.path)
        #expect(attributes[.posixPermissions] as? Int == 0o755)
        #expect(try FileManager.default.contentsOfDirectory(atPath: holdfast.folder.path) == ["mine"])
    }

    @Test func whatIsNotThereIsSaidByACoordinatorThatIs() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        for format in ["table", "json"] {
            let test = try await fleet.run("alert", "test", "-o", format)
            #expect(test.status == 1)
            #expect((test.text + test.error).contains("no alert channel is configured"), "\(format)")
            if format == "json" { #expect(test.text == "[]\n") }
        }
        for command in ["next", "list"] {
            let nope = try await fleet.run("schedule", command, "--database", "nope")
            #expect(nope.status == 5)
            #expect(nope.text == "" && nope.error.contains("no database is called 'nope'"), "\(nope.error)")
            #expect(try await fleet.run("schedule", command).status == 0)
        }
    }
}
