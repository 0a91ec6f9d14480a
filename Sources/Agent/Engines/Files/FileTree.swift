import Domain
import Glibc

/// What lies below a folder, by names that are bytes: a name need not be text, and one that is not must hide nothing.
enum FileTree {
    /// Folders within folders; each one on the way holds a descriptor.
    private static let mostLevels = 500

    /// One thing in a folder.
    struct Entry {
        /// With the path that the walk began at, and without a NUL at its end.
        var path: [UInt8]
        var mode: mode_t
        /// The open folder that it is in, and its name there with a NUL; valid during the call only.
        var folder: Int32
        var name: [CChar]

        var isFolder: Bool { mode & S_IFMT == S_IFDIR }
        var isDevice: Bool { mode & S_IFMT == S_IFBLK || mode & S_IFMT == S_IFCHR }
        /// For people: what is no text in it shows as replacement characters.
        var text: String { String(decoding: path, as: UTF8.self) }
    }

    /// Hands out everything below `root` once, a folder before (`before`) and after (`after`) what is in it. No link is followed.
    /// Blocks. Throws `.sourceRefused` for a folder that cannot be looked into, unless `skipsUnreadable`, and for one that lies
    /// deeper than 500 others.
    static func walk(
        _ root: [UInt8], skipsUnreadable: Bool = false, before: (Entry) throws(BackupError) -> Void,
        after: (Entry) throws(BackupError) -> Void = { _ in }
    ) throws(BackupError) {
        try enter(
            AT_FDCWD, root.map(CChar.init(bitPattern:)) + [0], path: root, level: 0, skipsUnreadable, before, after)
    }

    private static func enter(
        _ parent: Int32, _ name: [CChar], path: [UInt8], level: Int, _ skipsUnreadable: Bool,
        _ before: (Entry) throws(BackupError) -> Void, _ after: (Entry) throws(BackupError) -> Void
    ) throws(BackupError) {
        let words = "looking into the folder \(String(decoding: path, as: UTF8.self))"
        guard level < mostLevels else {
            throw BackupError(.sourceRefused, "\(words): it lies deeper than \(mostLevels) others")
        }
        let number = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard number >= 0, let stream = fdopendir(number) else {
            let reason = errno
            if number >= 0 { close(number) }
            if skipsUnreadable, reason != EMFILE, reason != ENFILE { return }
            throw BackupError(.sourceRefused, "\(words): \(String(cString: strerror(reason)))")
        }
        defer { closedir(stream) }
        for name in names(in: stream) {
            var facts = stat()
            // It went meanwhile, which is the business of whoever reads it.
            guard fstatat(number, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            let below = path + [UInt8(ascii: "/")] + name.dropLast().map(UInt8.init(bitPattern:))
            let entry = Entry(path: below, mode: facts.st_mode, folder: number, name: name)
            try before(entry)
            if entry.isFolder {
                try enter(number, name, path: below, level: level + 1, skipsUnreadable, before, after)
            }
            try after(entry)
        }
    }

    /// All but `.` and `..`, each with its NUL.
    private static func names(in stream: OpaquePointer) -> [[CChar]] {
        var names: [[CChar]] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) { text in
                    Array(UnsafeBufferPointer(start: text, count: strlen(text) + 1))
                }
            }
            let dot = CChar(bitPattern: UInt8(ascii: "."))
            if name != [dot, 0], name != [dot, dot, 0] { names.append(name) }
        }
        return names
    }

    /// Whether a folder is there with nothing in it.
    static func isEmpty(_ folder: String) -> Bool {
        guard let stream = opendir(folder) else { return false }
        defer { closedir(stream) }
        return names(in: stream).isEmpty
    }

    /// Removes a folder with all that is in it. Blocks. What cannot be removed stays.
    static func remove(_ folder: String) {
        // A folder that its own mode closes to us is opened first; what fails all the same stays, as said above.
        try? walk(
            Array(folder.utf8), skipsUnreadable: true,
            before: { entry in if entry.isFolder { fchmodat(entry.folder, entry.name, 0o700, 0) } },
            after: { entry in unlinkat(entry.folder, entry.name, entry.isFolder ? AT_REMOVEDIR : 0) })
        rmdir(folder)
    }
}
