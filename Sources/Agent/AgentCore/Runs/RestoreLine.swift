import Archive
import Domain
import Engines

/// The one line of shell that restores an object with stock tools (P7). Every name in it is quoted for the shell.
enum RestoreLine {
    static func text(for object: Manifest.Object, _ restore: StockRestore) -> String {
        let stored = ShellWord.quoted(object.name)
        switch (object.codec, restore) {
        case (.gzip, .command(let command)): return "gunzip -c \(stored) | \(command)"
        case (.zstd, .command(let command)): return "zstd -dc \(stored) | \(command)"
        case (.none, .command(let command)): return "\(command) < \(stored)"
        case (.gzip, .file(let name)): return "gunzip -c \(stored) > \(ShellWord.quoted(name))"
        case (.zstd, .file(let name)): return "zstd -dc \(stored) > \(ShellWord.quoted(name))"
        case (.none, .file(let name)): return "cp -- \(stored) \(ShellWord.quoted(name))"
        }
    }
}
