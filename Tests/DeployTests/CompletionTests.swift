import Foundation
import Glibc
import TestSupport
import Testing

/// What bash offers at TAB: the script that the program prints, sourced by a real bash, and its function called as readline does.
@Suite(.timeLimit(.minutes(3))) struct CompletionTests {
    /// Names that would be commands, were they ever typed into a shell without quotes.
    private static let hostile = [
        "plain", "two words", "it's", "$(touch pwned)", "`touch pwned`", "a;touch pwned", "quote\"d", #"back\slash"#,
        "*", "~root",
        "colon:ed", "$HOME", "ünï", "{a,b}", "-n",
    ]

    private func complete(
        _ program: String, _ words: [String], asked ask: (String, [String]) async throws -> ProgramOutput
    ) async throws -> (offered: [String], error: String) {
        let script = #"""
            PATH=$1:$PATH program=$2
            source <("$program" --generate-completion-script bash) || exit 9
            shift
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_TYPE=9 COMP_KEY=9
            COMP_POINT=${#COMP_LINE}
            "_$program" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            [ ${#COMPREPLY[@]} = 0 ] || printf '%s\n' "${COMPREPLY[@]}"
            """#
        let folder = URL(filePath: ProgramProcess.built(program)).deletingLastPathComponent().path
        let output = try await ask(
            "bash", ["--norc", "--noprofile", "-c", script, "bash", folder, program] + words)
        #expect(output.status == 0, "\(output.status) \(output.error)")
        return (output.text.split(separator: "\n").map(String.init).sorted(), output.error)
    }

    @Test func hostsDatabasesAndBackupsAreOfferedAndNoneOfThemIsRun() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let work = fleet.folder.appending(path: "work")
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        let database = fleet.folder.appending(path: "dev.db").path
        _ = try await ProgramOutput.of("sqlite3", [database, "CREATE TABLE t (x); INSERT INTO t VALUES (1)"])
        let names = Self.hostile + ["new\nline", "escape\u{1b}[2J"]
        let declared = try names.map { name in
            "  - { name: \(String(decoding: try JSONEncoder().encode(name), as: UTF8.self)), sqlite: \"\(database)\" }\n"
        }
        let agent = try await fleet.join("db-01", "databases:\n" + declared.joined())
        defer { agent.kill() }
        try agent.start()
        try await eventually("the databases are known") {
            try await fleet.run("database", "list").text.contains("two words") ? true : nil
        }
        func offered(_ words: String...) async throws -> [String] {
            let (offered, error) = try await complete("holdfast", words) { program, arguments in
                try await fleet.asOperator(program, arguments, folder: work)
            }
            #expect(error.isEmpty, "\(words): \(error)")
            return offered
        }

        #expect(try await offered("backup", "create", "--agent", "") == ["db-01"])
        #expect(try await offered("agent", "show", "db") == ["db-01"])
        #expect(try await offered("agent", "show", "x").isEmpty)
        // What a terminal would act on cannot be typed, and is left out.
        #expect(try await offered("database", "show", "") == Self.hostile.sorted())
        #expect(try await offered("restore", "--database", "two") == ["two words"])
        #expect(try await offered("backup", "list", "--agent", "db-01", "--database", "$(") == ["$(touch pwned)"])
        #expect(try await offered("backup", "list", "--agent", "db-02", "--database", "pl").isEmpty)
        #expect(try RegularFiles.below(work).isEmpty, "something was run")

        try await fleet.holdfast("backup", "create", "--database", "plain", "--wait")
        let ids = try await fleet.holdfast("backup", "list").split(separator: "\n").dropFirst().compactMap {
            $0.split(separator: " ").first.map(String.init)
        }
        #expect(ids.count == 1)
        #expect(try await offered("restore", "") == ids)
        #expect(try await offered("backup", "verify", String(ids[0].prefix(3))) == ids)
        #expect(try await offered("backup", "show", "") == ids)
        #expect(try await offered("destination", "show", "lo") == ["local"])
        #expect(try await offered("backup", "list", "--state", "d") == ["damaged", "deleted", "deleting"])

        // Others bash does not know are told the words as each of them takes them.
        let asked = ["---completion", "agent", "show", "--", "positional@0", "3", "0", "holdfast", "agent", "show", ""]
        for (shell, words) in [("zsh", "db-01:online\n "), ("fish", "db-01\tonline")] {
            let output = try await fleet.asOperator(
                ProgramProcess.built("holdfast"), asked, environment: ["SAP_SHELL": shell])
            #expect(output.text == words + "\n", "\(output.text)")
        }
    }

    @Test func aHostsOwnDatabasesAndFilesAreOffered() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-complete-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let yaml =
            "databases:\n  - { name: shop, sqlite: /srv/shop.db }\n  - { name: \"$(touch pwned)\", sqlite: /srv/x.db }\n"
        try Data(yaml.utf8).write(to: folder.appending(path: "agent.yaml"))
        try Data("x".utf8).write(to: folder.appending(path: "my agent.yaml"))
        func offered(_ program: String, _ words: String...) async throws -> [String] {
            let (offered, error) = try await complete(program, words) { bash, arguments in
                try await ProgramOutput.of(bash, arguments, folder: folder)
            }
            #expect(error.isEmpty, "\(words): \(error)")
            return offered
        }
        #expect(
            try await offered("holdfast-agent", "backup", "--config", "agent.yaml", "") == ["$(touch pwned)", "shop"])
        #expect(try await offered("holdfast-agent", "backup", "--config", "my") == ["my agent.yaml"])
        #expect(try await offered("holdfast-agent", "restore", "age") == ["agent.yaml"])
        #expect(try await offered("holdfast", "apply", "-f", "my") == ["my agent.yaml"])
        #expect(try await offered("holdfast-agent", "backup", "--config", "gone.yaml", "").isEmpty)
        #expect(try RegularFiles.below(folder) == ["agent.yaml", "my agent.yaml"])
    }

    /// Nobody there, one who takes the call and says nothing, one who is not known at all, a context that is none.
    @Test func whereTheCoordinatorDoesNotAnswerNothingIsOfferedAndNothingSaid() async throws {
        let silent = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(silent) }
        #expect(listen(silent, 5) == 0)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(silent, $0, &length) }
        }
        let port = UInt16(bigEndian: address.sin_port)
        let token = ["HOLDFAST_TOKEN": "hft_a_a"]
        for environment in [
            token.merging(["HOLDFAST_URL": "https://127.0.0.1:1"]) { $1 },
            token.merging(["HOLDFAST_URL": "https://127.0.0.1:\(port)"]) { $1 },
            [:],
            token.merging(["HOLDFAST_URL": "https://127.0.0.1:1", "HOLDFAST_CA": "/nowhere"]) { $1 },
        ] {
            let (offered, error) = try await complete("holdfast", ["restore", ""]) { bash, arguments in
                try await ProgramOutput.of(bash, arguments, environment: environment)
            }
            #expect(offered.isEmpty && error.isEmpty, "\(environment): \(offered) \(error)")
        }
    }
    @Test(arguments: ["holdfast", "holdfast-agent"]) func aScriptThatDoesNotFitTheProgramIsToldNothing(program: String)
        async throws
    {
        for words in [[], ["nonsense"], ["--"], ["--", "--gone"], ["--", "positional@7", "1", "0"]] {
            let output = try await ProgramOutput.of(ProgramProcess.built(program), ["---completion"] + words)
            #expect(output.text.isEmpty && output.error.isEmpty, "\(words): \(output.text) \(output.error)")
        }
    }
}
