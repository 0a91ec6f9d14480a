import Archive
import Domain

/// What an archive loses when the first folders of all paths are dropped: files that lie in no more folders than those, and the folder
/// that becomes the target itself. tar passes over them without a word.
final class StrippedAway {
    private static let mostTold = 10

    private let part: ArchivePart
    private let picked: [[UInt8]]
    private var first: [String] = []
    private var count = 0
    /// Those whose name is the last that is dropped: what is in them comes to lie in the target.
    private var folders = 0
    private var folder: TarMember?

    /// `picked` as the archive has them; empty for all.
    init(_ part: ArchivePart, picked: [String]) {
        self.part = part
        self.picked = picked.map { Array($0.utf8) }
    }

    /// Walks the archive as it is read.
    var inspector: TarInspector {
        TarInspector { [self] in take($0) }
    }

    private func take(_ member: TarMember) {
        let slash = UInt8(ascii: "/")
        let names = member.path.split(separator: slash)
        guard names.count <= part.strip else { return }
        let path = Array(names.joined(separator: [slash]))
        guard picked.isEmpty || picked.contains(where: { path == $0 || path.starts(with: $0 + [slash]) }) else {
            return
        }
        if member.isFolder {
            guard names.count == part.strip else { return }
            folders += 1
            folder = member
            return
        }
        count += 1
        if first.count < Self.mostTold { first.append("/" + String(decoding: path.prefix(300), as: UTF8.self)) }
    }

    /// What is known when all of the archive has gone by.
    struct Found: Sendable {
        /// What was lost, in words; empty for nothing.
        let words: [String]
        /// The one folder that becomes the target; nil when there is none, or more than one.
        let root: TarMember?
        /// Whether several folders come to lie in the target, which then has the rights of none.
        let mergesFolders: Bool
    }

    var found: Found { Found(words: words, root: folders == 1 ? folder : nil, mergesFolders: folders > 1) }

    private var words: [String] {
        guard count > 0 else { return [] }
        let more = count > first.count ? " and \(count - first.count) more" : ""
        return [
            "without its first \(CountText.of(part.strip, "folder")) nothing is left of the path of \(first.joined(separator: ", "))\(more): "
                + "not unpacked; drop fewer"
        ]
    }
}
