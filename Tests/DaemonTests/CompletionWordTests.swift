import Daemon
import Testing

@Suite struct CompletionWordTests {
    @Test(arguments: [
        ("db-01", "'db-01'", "db-01:note", "db-01\tnote"),
        ("$(reboot)", "'$(reboot)'", "$(reboot):note", "$(reboot)\tnote"),
        ("it's", #"'it'\''s'"#, "it's:note", "it's\tnote"),
        (#"a:b\c"#, #"'a:b\c'"#, #"a\:b\\c:note"#, "a:b\\c\tnote"),
    ])
    func eachShellTakesItInItsOwnWay(text: String, bash: String, zsh: String, fish: String) throws {
        let word = try #require(CompletionWord(text, note: "note"))
        #expect(word.written(for: "bash") == bash)
        #expect(word.written(for: "zsh") == zsh)
        #expect(word.written(for: "fish") == fish)
        #expect(word.written(for: nil) == text)
        #expect(CompletionWord(text)?.written(for: "zsh").hasSuffix(":note") == false)
    }

    @Test(arguments: ["", "two\nlines", "tab\tbed", "escape\u{1b}[2J", "turned\u{202e}around", "zero\u{200b}width"])
    func whatATerminalWouldActOnIsNoWord(text: String) {
        #expect(CompletionWord(text) == nil)
        #expect(CompletionWord("x", note: text)?.note.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
    }
}
