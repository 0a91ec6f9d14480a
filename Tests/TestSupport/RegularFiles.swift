package import Foundation

/// What lies below a folder.
package enum RegularFiles {
    /// Paths, relative to the folder, of everything in it that is no folder, hidden or not, but for the mark of a destination.
    /// None when it is not there.
    package static func below(_ folder: URL) throws -> [String] {
        let files = FileManager.default
        guard files.fileExists(atPath: folder.path) else { return [] }
        return try files.subpathsOfDirectory(atPath: folder.path).filter { path in
            let kind =
                try files.attributesOfItem(atPath: folder.appending(path: path).path)[.type] as? FileAttributeType
            return kind != .typeDirectory && path != ".holdfast-destination"
        }.sorted()
    }
}
