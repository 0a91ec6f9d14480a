import Domain
import Settings
import Testing

@Suite struct SettingTests {
    @Test(arguments: [
        ("a: 1\nb: 2\n", "file.yaml:2: b: unknown key; known here: a"),
        ("a: [1]\n", "file.yaml:1: a: expected a whole number, found a list"),
        ("a: text\n", "file.yaml:1: a: expected a whole number, found text"),
        ("a: 99\n", "file.yaml:1: a: must be 1 to 10, is 99"),
        ("a: 1\na: 2\n", "file.yaml:2: this key stands twice: a"),
        ("- 1\n", "file.yaml:1: expected a mapping of keys to values, found a list"),
        ("a: {b\n", "file.yaml:"),
        ("", "file.yaml: empty; nothing is configured"),
    ])
    func aMistakeIsToldWithFileLineAndKey(yaml: String, message: String) throws {
        let error = try #require(throws: BackupError.self) {
            _ = try Setting(yaml: yaml, file: "file.yaml").fields(["a"])["a"]?.number(1...10)
        }
        #expect(error.code == .configuration)
        #expect(error.message.hasPrefix(message), "\(error.message)")
    }

    @Test func valuesAreNeverQuotedSinceTheyMayBeSecret() throws {
        let error = try #require(throws: BackupError.self) {
            _ = try Setting(yaml: "a: CANARY-1\n", file: "f").fields(["a"])["a"]?.flag()
        }
        #expect(!error.description.contains("CANARY"))
    }

    @Test func nullIsTheSameAsAbsent() throws {
        #expect(try Setting(yaml: "a: null\nb: x\n", file: "f").fields(["a", "b"]).keys.sorted() == ["b"])
    }

    @Test func textMayLookLikeANumber() throws {
        #expect(try Setting(yaml: "a: 2026\n", file: "f").fields(["a"])["a"]?.text() == "2026")
    }
}
