import Archive
import Domain
import Engines
import Foundation
import TestSupport
import Testing

/// What SQLite here cannot judge, since only the database's own program has it, and what its schema does not want: neither is
/// damage.
@Suite("A SQLite database of a program with parts of its own", .timeLimit(.minutes(6)))
struct SQLiteOwnPartsTests {
    private let folder: Folder
    private var path: String { folder.path + "/own.db" }

    init() throws { folder = try Folder() }

    private func engine(_ path: String? = nil) throws -> SQLiteEngine {
        try SQLiteEngine(
            name: DatabaseName("db"), path: path ?? self.path, spool: folder.url.appending(path: "spool"))
    }

    private func backup(_ path: String? = nil) async throws -> Written {
        try await write(engine(path).streams()[0])
    }

    private func script(_ arguments: String...) async throws -> String {
        let output = try await ProgramOutput.of(
            "python3", [ServerProcess.servers.appending(path: "own_parts.py").path] + arguments)
        guard output.status == 0 else { throw ServerFailure(output.error) }
        return output.text
    }

    @Test(
        "comes back as it was, and what could not be judged, or is against the schema, is noted",
        arguments: [
            ("anki", "the application's own collation unicase could not be judged"),
            ("check", "the application's own function own_length could not be judged"), ("index", nil),
            ("partial", nil),
            ("stored", nil), ("virtual", "the application's own function own_length could not be judged"),
            ("tokenizer", nil), ("tokenizer3", nil), ("module", nil),
            ("rows", "CHECK constraint failed in t (20000 times)"), ("null", "NULL value in t.a"),
            ("strict", "non-INT value in t.a"), ("newview", "not judged: the definition of v, which SQLite"),
            ("newtable", "not judged: the definition of u, which SQLite"), ("both", "CHECK constraint failed in u"),
        ])
    func comesBack(kind: String, note: String?) async throws {
        _ = try await script("make", kind, path)
        let copy = try await backup()
        let inspection = try copy.inspection()
        if let note {
            #expect(inspection.notes.contains { $0.contains(note) }, "\(inspection.notes)")
        } else {
            #expect(inspection.notes.isEmpty, "\(inspection.notes)")
        }
        // Verification reads the stored bytes alone.
        let again = SQLiteFileInspector()
        copy.bytes.withUnsafeBytes { again.consume($0) }
        _ = try again.finish()
        let outcome = try await engine().restore(request(copy, .sqlite))
        #expect(outcome.checked.hasPrefix("integrity_check ok"), "\(outcome.checked)")
        if let note { #expect(outcome.checked.contains(note), "\(outcome.checked)") }
        guard !["tokenizer", "tokenizer3", "module"].contains(kind) else { return }
        _ = try await script("compare", path, outcome.target)
        let replaced = try await engine().restore(request(copy, .sqlite, target: path, replace: true, at: 1))
        _ = try await script("compare", replaced.target, outcome.target)
    }

    @Test("has its tables counted all the same")
    func counted() async throws {
        _ = try await script("make", "anki", path)
        let tables = try await backup().inspection().tables
        let rows = Dictionary(uniqueKeysWithValues: tables.map { ($0.name, $0.rows) })
        #expect(rows == ["notes": 5000, "fields": 4, "notetypes": 4, "decks": 6, "tags": 6])
    }

    @Test("is damaged when its pages are, whatever else there is to be said", arguments: ["anki", "rows"])
    func damage(kind: String) async throws {
        _ = try await script("make", kind, path)
        // Folds the log in.
        let copy = try await backup()
        for place in [10, copy.bytes.count / 4096 - 3] {
            var bytes = copy.bytes
            for position in place * 4096..<(place + 2) * 4096 { bytes[position] = 0x5a }
            let damaged = folder.path + "/damaged-\(place).db"
            try Data(bytes).write(to: URL(filePath: damaged))
            let result = try await backup(damaged)
            let error = try #require(result.failure as? BackupError)
            #expect(error.code == .integrity)
            #expect("\(error)".contains("the database itself is damaged"), "\(error)")
            var bad = copy
            bad.bytes = bytes
            let refused = await failure {
                _ = try await engine().restore(request(bad, .sqlite, target: folder.path + "/back.db"))
            }
            #expect(refused?.code == .integrity)
        }
    }

    @Test("as Chromium makes them comes back as it was")
    func chromium() async throws {
        let profile = folder.path + "/profile"
        let made = try await ProgramOutput.of(
            "chromium",
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=\(profile)", "--dump-dom",
                "data:text/html,x",
            ],
            environment: ["HOME": folder.path])
        #expect(made.status == 0, "\(made.error)")
        let found = try await ProgramOutput.of(
            "sh",
            [
                "-c", "find \"$0\" -type f -exec sh -c 'head -c 15 \"$0\" | grep -q \"SQLite format 3\"' {} \\; -print",
                profile,
            ])
        let files = found.text.split(separator: "\n").map(String.init)
        #expect(files.contains { $0.hasSuffix("/History") } && files.contains { $0.hasSuffix("/Cookies") }, "\(files)")
        for (number, file) in files.enumerated() {
            let copy = try await backup(file)
            _ = try copy.inspection()
            let target = "\(folder.path)/back-\(number).db"
            let outcome = try await engine(file).restore(request(copy, .sqlite, target: target))
            #expect(outcome.checked.hasPrefix("integrity_check ok"), "\(file): \(outcome.checked)")
            _ = try await script("compare", file, target)
        }
    }
}
