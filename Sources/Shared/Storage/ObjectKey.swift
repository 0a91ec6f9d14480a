import Domain

/// The rules for keys that hold at every store.
enum ObjectKey {
    /// The parts between the slashes. Throws `.usage` unless the key is relative, 1 to 1,024 bytes, and without empty
    /// parts, `.`, `..` and NUL.
    static func parts(_ key: String) throws(BackupError) -> [String] {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard !key.isEmpty, key.utf8.count <= 1024, !key.utf8.contains(0),
            !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." })
        else { throw BackupError(.usage, "not an object key: \(key.debugDescription)") }
        return parts
    }

    /// Checks a key without needing its parts.
    static func check(_ key: String) throws(BackupError) { _ = try parts(key) }
}
