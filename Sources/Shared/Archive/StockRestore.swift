import Domain

/// What stock tools make of the decoded bytes of an object (P7), and the one line of shell that does it.
///
/// A line compares the SHA-256 of the stored bytes before anything else, and holds on an object that is cut: it ends with a status
/// other than 0, nothing is in the database, and there is nothing under the final name. It works in the folder that the object
/// lies in, and wants a shell with `pipefail` (bash, zsh, ksh); one without ends at that word, before it has done anything.
package enum StockRestore: Sendable, Equatable {
    /// A plain dump goes into this database, in one transaction that is committed only when the decompressor has succeeded.
    /// (Large objects end it: `pg_dump` puts a COMMIT behind them. For those the checksum alone stands.)
    case plain(database: String)
    /// A custom dump goes into this database, in one transaction, once the decompressor has read all of it.
    case custom(database: String)
    /// Roles and tablespaces, once the decompressor has read all of it. Those that are there already are errors to psql, and a
    /// tablespace cannot be made in a transaction: so there is none, and it goes on.
    case globals
    /// The empty database, as it was; once the decompressor has read all of it. It ends at the first thing that cannot be made, a
    /// role that is not there for one: the database is made then, and lacks that and what follows.
    case properties
    /// What that database was set to, once more, behind its dump: extensions change it while they are loaded (PostGIS's
    /// `search_path`). It is the same object without the line that makes the database.
    case propertiesAgain
    /// A file, which gets this name when it is whole, and takes nothing's place.
    case file(String)
    /// An archive, whose folder gets this name when all of it is there, and takes at most an empty folder's place.
    case folder(String)

    /// Every name in it is one word of the shell's, and none is an option.
    package func line(for object: Manifest.Object) -> String {
        let stored = ShellWord.quoted("./" + object.name)
        return "(set -o pipefail; \(Self.check(object)) && \(load(object.codec.reading(stored))))"
    }

    /// Of the object with a database's properties: the line that makes it.
    package static let makingLine = 5

    private func load(_ reading: Reading) -> String {
        switch self {
        case .plain(let database):
            "{ echo 'BEGIN;' && \(reading.decode) && echo 'COMMIT;'; } | "
                + Self.client("psql -X -q -v ON_ERROR_STOP=1", " -d ", database)
        case .custom(let database):
            reading.test + reading.decode + " | "
                + Self.client("pg_restore --exit-on-error --single-transaction", " --dbname=", database)
        case .globals: reading.test + reading.decode + " | psql -X -q -d postgres"
        case .properties: reading.test + reading.decode + " | psql -X -q -v ON_ERROR_STOP=1 -d postgres"
        case .propertiesAgain:
            reading.test + reading.decode + " | sed \(Self.makingLine)d | psql -X -q -v ON_ERROR_STOP=1 -d postgres"
        case .file(let name): Self.file(name, reading.decode)
        case .folder(let name): Self.folder(name, reading.decode)
        }
    }

    /// A name that is none of the plainest goes by the environment: as an argument it could be a whole connection string.
    private static func client(_ program: String, _ option: String, _ database: String) -> String {
        if database.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil { return program + option + database }
        let withoutName = option.hasSuffix("=") ? program + option : program
        return "PGDATABASE=\(ShellWord.quoted(database)) \(withoutName)"
    }

    private static func file(_ name: String, _ decode: String) -> String {
        let (final, partial) = (ShellWord.quoted("./" + name), ShellWord.quoted("./\(name).partial"))
        return "\(decode) >\(partial) && ln \(partial) \(final) && rm \(partial)"
    }

    private static func folder(_ name: String, _ decode: String) -> String {
        let (final, partial) = (ShellWord.quoted("./" + name), ShellWord.quoted("./\(name).partial"))
        return
            "mkdir -m 700 \(partial) && \(decode) | tar --extract --file=- --directory=\(partial) --preserve-permissions "
            + "--numeric-owner --acls --xattrs '--xattrs-include=*' && mv -T \(partial) \(final)"
    }

    /// In the form of `sha256sum`'s own lists: a name with a backslash or a newline has them escaped, and a backslash before all.
    private static func check(_ object: Manifest.Object) -> String {
        let name = "./" + object.name
        let escaped = name.replacing(scalar: "\\", with: "\\\\").replacing(scalar: "\n", with: "\\n")
        let item = "\(escaped == name ? "" : "\\")\(object.storedSha256)  \(escaped)"
        return "printf '%s\\n' \(ShellWord.quoted(item)) | sha256sum --check --strict"
    }
}

/// How a shell reads a stored object.
private struct Reading {
    var decode: String
    /// With `&&` behind it; nothing where there is nothing to test.
    var test: String
}

extension Compression {
    fileprivate func reading(_ stored: String) -> Reading {
        switch self {
        case .gzip: Reading(decode: "gunzip -c \(stored)", test: "gunzip -t \(stored) && ")
        case .zstd: Reading(decode: "zstd -dc \(stored)", test: "zstd -tq \(stored) && ")
        case .none: Reading(decode: "cat \(stored)", test: "")
        }
    }
}
