import Domain
import Sealing

/// Something that a restore makes on its way or sets aside, as its journal remembers it.
package struct RestoreThing: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable { case database, role, file, folder }

    package let kind: Kind
    /// A name on the server, or a path.
    package var name: String
    /// What tells it from another that has its name by now: a database's oid, a file's device and inode. Nil until it is made.
    package var mark: String?
    /// The connection limit that a database is made with, and has until its oid is noted: nobody else's has it by chance.
    package var birthmark: Int?

    package init(kind: Kind, name: String, mark: String? = nil, birthmark: Int? = nil) {
        self.kind = kind
        self.name = name
        self.mark = mark
        self.birthmark = birthmark
    }

    /// A limit that nobody would set, by chance.
    static func birthmark() throws(BackupError) -> Int {
        do { return try randomBytes(3).reduce(0) { $0 << 8 | Int($1) } + 1_000_000_000 } catch {
            throw BackupError(.bug, "making a mark", cause: error)
        }
    }

    /// The thing by its name, as people are told of it.
    package var words: String { "the \(kind.rawValue) \"\(name)\"" }

    /// What has become of it.
    package enum State: Sendable, Equatable {
        /// Ours is not there; perhaps something else has its name.
        case gone
        /// It is there; `obstacle` says why it must not be removed, in words.
        case there(bytes: Int64?, obstacle: String?)
    }
}

/// A step of a restore, told so that whoever comes after one that died knows what is its own.
package enum RestoreStep: Sendable, Equatable {
    /// It is about to be made, or (with its mark) has been. What has a name again is the same.
    case makes(RestoreThing)
    /// All is loaded and checked: from now on it is kept, whatever comes.
    case loaded
    /// What had the target's name gets this one; told before it does.
    case setsAside(RestoreThing)
}

/// Hears of each step. It must not fail: a restore that cannot be noted goes on, and what it leaves is nobody's to drop.
package typealias RestoreTrace = @Sendable (RestoreStep) -> Void
