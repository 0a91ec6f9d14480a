import Foundation
import Sealing
import Testing

/// The age format, against the stock `age` program in both directions, and against whoever changes a file.
@Suite struct AgeTests {
    private let passphrase = Array("correct horse battery staple".utf8)
    /// Small, so that the tests need little memory.
    private let work = 8

    private func sealed(_ plain: [UInt8], pieces: Int = .max) throws -> [UInt8] {
        let sealer = try AgeSealer(passphrase: passphrase, work: work)
        var out: [UInt8] = []
        for start in stride(from: 0, to: plain.count, by: min(pieces, max(plain.count, 1))) {
            let piece = Array(plain[start..<min(start + min(pieces, plain.count), plain.count)])
            out += try piece.withUnsafeBytes { raw in Result { () throws(SealingError) in try sealer.seal(raw) } }.get()
        }
        return out + (try sealer.finish())
    }

    private func opened(_ file: [UInt8], pieces: Int = .max, _ passphrase: [UInt8]? = nil) throws -> [UInt8] {
        let opener = AgeOpener(passphrase: passphrase ?? self.passphrase)
        var out: [UInt8] = []
        for start in stride(from: 0, to: file.count, by: min(pieces, max(file.count, 1))) {
            let piece = Array(file[start..<min(start + min(pieces, file.count), file.count)])
            out += try piece.withUnsafeBytes { raw in Result { () throws(SealingError) in try opener.open(raw) } }.get()
        }
        return out + (try opener.finish())
    }

    private func plain(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) } }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 131_072, 200_001]) func whatIsSealedOpens(count: Int) throws {
        let plain = plain(count)
        for pieces in [1000, 65_536, .max] where count > 0 || pieces == .max {
            #expect(try opened(sealed(plain, pieces: pieces), pieces: pieces == 1000 ? 777 : pieces) == plain)
        }
    }

    @Test func theStockProgramOpensIt() throws {
        let command = try OpenSSLCommand()
        defer { try? command.remove() }
        for count in [0, 65_536, 150_000] {
            try Data(sealed(plain(count), pieces: 4096)).write(to: command.folder.appending(path: "file.age"))
            let end = try command.run(
                "printf '%s\\n' 'correct horse battery staple' | script -qec 'age -d -o plain file.age' /dev/null")
            #expect(end.status == 0, "\(end.output)")
            // Of nothing it makes no file.
            let made = (try? Data(contentsOf: command.folder.appending(path: "plain"))) ?? Data()
            #expect([UInt8](made) == plain(count), "\(count): \(end.output)")
            try? FileManager.default.removeItem(at: command.folder.appending(path: "plain"))
        }
    }

    @Test func whatTheStockProgramSealsOpens() throws {
        let command = try OpenSSLCommand()
        defer { try? command.remove() }
        try Data(plain(150_000)).write(to: command.folder.appending(path: "plain"))
        let phrase = "correct horse battery staple"
        let end = try command.run(
            "(sleep 1; printf '%s\\n' '\(phrase)'; sleep 1; printf '%s\\n' '\(phrase)') | script -qec 'age -p -o file.age plain' /dev/null"
        )
        #expect(end.status == 0, "\(end.output)")
        let file = try [UInt8](Data(contentsOf: command.folder.appending(path: "file.age")))
        #expect(try opened(file) == plain(150_000))
    }

    @Test func anotherPassphraseOpensNothing() throws {
        let file = try sealed(plain(100))
        #expect(throws: SealingError("the passphrase is another one")) {
            try opened(file, Array("correct horse battery stapl".utf8))
        }
        #expect(throws: SealingError.self) { try AgeSealer(passphrase: []) }
    }

    @Test func whatWasChangedCutOrMadeLongerOpensToNoEnd() throws {
        let file = try sealed(plain(140_000))
        for place in stride(from: 0, to: file.count, by: 997) {
            var changed = file
            changed[place] ^= 1
            #expect(throws: SealingError.self, "byte \(place)") { try opened(changed) }
        }
        for place in 0..<240 {
            var changed = file
            changed[place] ^= 0x20
            #expect(throws: SealingError.self, "byte \(place)") { try opened(changed) }
        }
        let payload = file.count - (2 * (65_536 + 16) + 140_000 - 2 * 65_536 + 16)
        for end in [0, 10, payload, payload + 65_536 + 16, payload + 2 * (65_536 + 16), file.count - 1] {
            #expect(throws: SealingError.self, "cut at \(end)") { try opened(Array(file[..<end])) }
        }
        #expect(throws: SealingError.self) { try opened(file + [0]) }
        #expect(throws: SealingError.self) { try opened(file + file) }
    }

    @Test func noHeaderTalksUsIntoMemoryOrWork() throws {
        for header in [
            "age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 30\n",
            "age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n--- AAAA\n",
            "age-encryption.org/v2\n", String(repeating: "a", count: 5000),
            "age-encryption.org/v1\n" + String(repeating: "-> x y\n", count: 1000),
        ] {
            let tail = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
            #expect(throws: SealingError.self, "\(header.prefix(60))") {
                try opened(Array((header + tail).utf8) + [UInt8](repeating: 0, count: 5000))
            }
        }
    }
}
