import Archive
import Domain
import Foundation
import Sealing
import Storage

/// The names of copies of the catalog, and where they lie: below `.holdfast/catalog/`, in a folder for each certificate authority.
struct CatalogCopyName: Comparable, Sendable {
    let mark: CatalogMark
    let at: String
    let name: String

    static let top = ".holdfast/catalog/"
    private static let suffix = ".sqlite.gz.age"

    /// Ends in a slash.
    static func folder(_ authority: Certificate, prefix: String) -> String {
        "\(prefix)\(top)\(authority.fingerprint.prefix(16))/"
    }

    /// `chance` is what nobody can guess: whoever could would be there first.
    init(_ mark: CatalogMark, at now: Date, chance: UUID) {
        self.mark = mark
        at = Timestamp.compact(now)
        name = "catalog_\(mark.epoch)_\(mark.head)_\(at)_\(BackupKeys.token(chance))" + Self.suffix
    }

    /// Nil for what is no name of a copy.
    init?(_ name: some StringProtocol) {
        let text = String(name)
        guard
            let match = text.wholeMatch(
                of: /catalog_([0-9]{1,15})_([0-9]{1,15})_([0-9]{8}_[0-9]{6})_[0-9a-f]{12}\.sqlite\.gz\.age/),
            let epoch = Int(match.1), let head = Int(match.2)
        else { return nil }
        (mark, at, self.name) = (CatalogMark(epoch: epoch, head: head), String(match.3), text)
    }

    /// By how far the catalog had come, whatever any clock said.
    static func < (one: Self, other: Self) -> Bool {
        one.mark == other.mark ? one.at < other.at : one.mark < other.mark
    }

    /// The copies below a prefix, of any authority, that say to be the furthest: some, the furthest first. A name proves nothing. Blocks.
    static func furthest(
        in store: any ObjectStore, prefix: String
    ) throws(BackupError) -> [(mark: CatalogMark, key: String)] {
        var best: [(name: CatalogCopyName, key: String)] = []
        try store.visit(prefix: prefix + top) { (portion) throws(BackupError) in
            for facts in portion {
                guard let last = facts.key.split(separator: "/").last, let name = CatalogCopyName(last) else {
                    continue
                }
                best.append((name, facts.key))
            }
            best = Array(best.sorted { $1.name < $0.name }.prefix(atMost))
        }
        return best.map { ($0.name.mark, $0.key) }
    }

    private static let atMost = 50
}
