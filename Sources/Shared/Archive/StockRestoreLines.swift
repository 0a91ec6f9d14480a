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
        return "'" + word.replacing("'", with: "'\\''") + "'"
    }
}

extension Manifest {
    /// How stock tools restore this backup, made from what is known of its objects: what a manifest itself says (``restore``) is its
    /// host's words, and a person pastes these into a shell. Every name is one word, and none is an option.
    package var stockRestoreLines: [String] {
        objects.map { object in
            let stored = ShellWord.quoted("./" + object.name)
            let decoded =
                switch object.codec {
                case .gzip: "gunzip -c \(stored)"
                case .zstd: "zstd -dc \(stored)"
                case .none: "cat \(stored)"
                }
            switch object.format {
            case .plain where object.role == .globals || object.role == .database: return decoded + " | psql postgres"
            case .plain: return decoded + " | PGDATABASE=\(ShellWord.quoted(database.name.rawValue)) psql"
            // An empty name is that of the environment; a name that stands here could be a whole connection string.
            case .custom:
                return decoded + " | PGDATABASE=\(ShellWord.quoted(database.name.rawValue)) pg_restore --dbname="
            case .sqlite:
                return decoded + " > "
                    + ShellWord.quoted("./" + database.name.rawValue.replacing("/", with: "_") + ".restored")
            case .tar:
                return decoded
                    + " | tar --extract --preserve-permissions --numeric-owner --acls --xattrs --file=- --directory=FOLDER"
            }
        }
    }
}
