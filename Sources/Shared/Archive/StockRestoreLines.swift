import Domain

/// A word as POSIX shells read it.
package enum ShellWord {
    /// In single quotes unless it needs none.
    package static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "._/%-+@:,=".utf8.contains(byte)
            }
        }
        if plain, !word.isEmpty, !word.hasPrefix("-") { return word }
        return "'" + word.replacing(scalar: "'", with: "'\\''") + "'"
    }
}

extension Manifest {
    /// How stock tools restore this backup, made from what is known of its objects: what a manifest itself says (``restore``) is its
    /// host's words, and a person pastes these into a shell.
    package var stockRestoreLines: [String] {
        let name = database.name.rawValue
        // As the object with its properties makes it, which need not be called as the host declares it.
        let made = database.properties?.name ?? name
        let beside = name.replacing(scalar: "/", with: "_") + ".restored"
        let lines = objects.map { object in
            let restore: StockRestore =
                switch object.format {
                case .plain where object.role == .globals: .globals
                case .plain where object.role == .database: .properties
                case .plain: .plain(database: made)
                case .custom: .custom(database: made)
                case .sqlite: .file(beside)
                case .tar: .folder(beside)
                }
            return restore.line(for: object)
        }
        return lines + objects.filter { $0.role == .database }.map(StockRestore.propertiesAgain.line)
    }
}
