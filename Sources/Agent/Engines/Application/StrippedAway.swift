import Archive
import Domain

/// What an archive loses when the first folders of all paths are dropped: files that lie in no more folders than those. tar passes
/// over them without a word.
final class StrippedAway {
    private static let mostTold = 10

    private let part: ArchivePart
    private let picked: [[UInt8]]
    private var first: [String] = []
    private var count = 0

    /// `picked` as the archive has them; empty for all.
    init(_ part: ArchivePart, picked: [String]) {
        self.part = part
        self.picked = picked.map { Array($0.utf8) }
    }

    /// Walks the archive as it is read.
    var inspector: TarInspector {
        TarInspector { [self] path, isFolder in take(path, isFolder: isFolder) }
    }

    private func take(_ path: [UInt8], isFolder: Bool) {
        let slash = UInt8(ascii: "/")
        guard !isFolder, path.split(separator: slash).count <= part.strip else { return }
        guard picked.isEmpty || picked.contains(where: { path == $0 || path.starts(with: $0 + [slash]) }) else {
            return
        }
        count += 1
        if first.count < Self.mostTold { first.append("/" + String(decoding: path.prefix(300), as: UTF8.self)) }
    }

    /// In words; empty when nothing was lost.
    var words: [String] {
        guard count > 0 else { return [] }
        let more = count > first.count ? " and \(count - first.count) more" : ""
        return [
            "without its first \(CountText.of(part.strip, "folder")) nothing is left of the path of \(first.joined(separator: ", "))\(more): "
                + "not unpacked; drop fewer"
        ]
    }
}
