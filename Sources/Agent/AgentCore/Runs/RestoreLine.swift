import Archive
import Domain

/// The one line of shell that restores an object with stock tools (P7). Every name in it is quoted for the shell.
enum RestoreLine {
    static func text(for object: Manifest.Object, command: String) -> String {
        let file = quoted(object.name)
        switch object.codec {
        case .gzip: return "gunzip -c \(file) | \(command)"
        case .zstd: return "zstd -dc \(file) | \(command)"
        case .none: return "\(command) < \(file)"
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
