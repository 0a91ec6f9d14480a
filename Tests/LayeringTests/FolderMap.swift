import Foundation

/// The README's map of the folders: the indented block under the heading "The map".
///
/// A line is `name/` and what it is; deeper lines lie inside the one above.
struct FolderMap {
    let folders: Set<String>

    init(readme: String) {
        var folders: Set<String> = []
        var open: [(indent: Int, path: String)] = []
        let section = readme.components(separatedBy: "\n## ").first { $0.hasPrefix("The map\n") } ?? ""
        let blocks = section.components(separatedBy: "\n```")
        for line in blocks.dropFirst().first?.split(separator: "\n") ?? [] {
            guard let match = line.firstMatch(of: /^( *)([\w.-]+)\/(?:\s|$)/) else { continue }
            let indent = match.1.count
            open.removeAll { $0.indent >= indent }
            let path = (open.last.map { $0.path + "/" } ?? "") + match.2
            open.append((indent, path))
            folders.insert(path)
        }
        self.folders = folders
    }

    /// Where the map and the folders differ.
    func differences(modules: Set<String>, exists: (String) -> Bool) -> [String] {
        modules.map { "Sources/\($0)" }.filter { !folders.contains($0) }.sorted().map { "README's map lacks \($0)" }
            + folders.filter { !exists($0) }.sorted().map { "README's map names \($0), which is not there" }
    }
}
