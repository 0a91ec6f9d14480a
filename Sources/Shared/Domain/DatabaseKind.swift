/// What sort of thing is backed up.
package enum DatabaseKind: String, Codable, Sendable, CaseIterable, Hashable {
    case postgres, sqlite
    /// Files and settings, as one tar.
    case application
}
