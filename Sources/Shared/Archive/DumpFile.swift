package import Domain
package import Foundation

/// What another tool's dump is, as far as its name tells.
package struct DumpFile: Sendable, Equatable {
    /// Nil where the name does not say it.
    package let database: String?
    package let takenAt: Date?

    init(database: String? = nil, takenAt: Date? = nil) {
        (self.database, self.takenAt) = (database, takenAt)
    }

    /// What a file is by its suffixes. Throws `.usage` when they do not tell.
    package static func object(named name: String) throws(BackupError) -> Manifest.Object {
        let (format, codec, stem) = try suffixes(of: name)
        let beside = [ObjectRole.globals, .database].first { format == .plain && stem.hasSuffix($0.suffix) }
        return Manifest.Object(
            role: beside ?? (format == .tar ? .archive : .dump), name: name, format: format, codec: codec,
            plainBytes: .max, plainSha256: "", storedBytes: 0, storedSha256: "")
    }

    static func suffixes(
        of name: String
    ) throws(BackupError) -> (format: ObjectFormat, codec: Compression, stem: Substring) {
        var stem = Substring(name)
        var codec = Compression.none
        for compression in [Compression.gzip, .zstd] where stem.hasSuffix(compression.suffix) {
            codec = compression
            stem = stem.dropLast(compression.suffix.count)
        }
        guard let format = ObjectFormat.allCases.first(where: { stem.hasSuffix($0.suffix) }) else {
            throw BackupError(
                .usage,
                "\(name): cannot tell what it is; names end in .sql, .dump, .db or .tar, then .gz or .zst, or .json")
        }
        return (format, codec, stem.dropLast(format.suffix.count))
    }
}
