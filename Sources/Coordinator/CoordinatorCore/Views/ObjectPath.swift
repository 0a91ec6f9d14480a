import Catalog
import Domain
import Foundation
import Wire

/// Where an object of a backup lies, as a person names it: `s3://BUCKET/KEY`, a path on its host, or the end of a path.
struct ObjectPath {
    private let text: String
    /// Up to the last slash, that included; empty for a name alone.
    private let folder: String
    private let name: String

    /// Throws `.usage` for what names no object.
    init(_ text: String) throws(BackupError) {
        guard text.utf8.count <= 4096, !text.utf8.contains(0) else {
            throw BackupError(.usage, "that path is longer than any object's")
        }
        let scheme = text.hasPrefix("s3://") ? "s3://" : text.hasPrefix("/") ? "/" : ""
        var parts: [Substring] = []
        for part in text.dropFirst(scheme.count).split(separator: "/") where part != "." {
            if part == "..", scheme == "/" { _ = parts.popLast() } else { parts.append(part) }
        }
        guard let last = parts.last, !text.hasSuffix("/") else {
            throw BackupError(.usage, "\(text) names no object: give a file's name, its path, or s3://bucket/key")
        }
        name = String(last)
        self.text = scheme + parts.joined(separator: "/")
        folder = String(self.text.dropLast(name.count))
    }

    /// The backups that have it, newest first: where there are some that have it at exactly that place, those alone.
    func backups(in view: CatalogView) throws -> [UUID] {
        let found = try view.objectSites(named: name, folder: folder)
        let exact = found.filter { isExact($0) }
        let ids = (exact.isEmpty ? found.filter { isAlike($0) } : exact).map(\.backup)
        var seen: Set<UUID> = []
        return ids.filter { seen.insert($0).inserted }
    }

    private func isExact(_ site: ObjectSite) -> Bool {
        if let s3 = site.place.s3 { return text == "s3://\(s3.bucket)/\(site.folder)\(name)" }
        guard let root = site.place.directory?.path else { return false }
        return folder == root + (root.hasSuffix("/") ? "" : "/") + site.folder
    }

    /// A name alone, the end of a path, or a copy of the whole tree elsewhere; the folder in an agent's data directory among them.
    private func isAlike(_ site: ObjectSite) -> Bool {
        guard !text.hasPrefix("s3://") else { return false }
        return folder.isEmpty || ("/" + site.folder).hasSuffix("/" + folder) || folder.hasSuffix("/" + site.folder)
    }
}
