import Archive
import Domain
import Engines

/// The one line of shell that restores an object with stock tools (P7). Every name in it is quoted for the shell.
enum RestoreLine {
    static func text(for object: Manifest.Object, _ restore: StockRestore) -> String {
        let stored = quoted(object.name)
        switch (object.codec, restore) {
        case (.gzip, .command(let command)): return "gunzip -c \(stored) | \(command)"
        case (.zstd, .command(let command)): return "zstd -dc \(stored) | \(command)"
        case (.none, .command(let command)): return "\(command) < \(stored)"
        case (.gzip, .file(let name)): return "gunzip -c \(stored) > \(quoted(name))"
        case (.zstd, .file(let name)): return "zstd -dc \(stored) > \(quoted(name))"
        case (.none, .file(let name)): return "cp -- \(stored) \(quoted(name))"
        }
    }

    /// A word as POSIX shells read it.
    static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "._/%-+@:,=".utf8.contains(byte)
            }
        }
        if plain, !word.isEmpty, !word.hasPrefix("-") { return word }
        return "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
