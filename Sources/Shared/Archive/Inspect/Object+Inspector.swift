import Domain

extension Manifest.Object {
    /// What reads this object's plain bytes again and tells whether they are structurally whole; nil for a format of
    /// which only its tool can tell (custom), so that the digests decide.
    package func makeInspector() -> (any Inspector)? {
        switch format {
        case .plain:
            switch role {
            case .globals: PlainDumpInspector(expecting: .cluster)
            case .database: PlainDumpInspector(expecting: .properties)
            case .dump, .archive: PlainDumpInspector(expecting: .database)
            }
        case .custom: nil
        case .sqlite: SQLiteFileInspector()
        case .tar: TarInspector()
        }
    }
}
