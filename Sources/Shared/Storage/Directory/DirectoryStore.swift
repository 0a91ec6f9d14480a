package import Domain
package import Foundation
import Glibc
package import Threads

/// Objects as files below one folder of this host (0700 and 0600).
///
/// A new object is a hidden `.partial` file until it is durable, and is then linked to its name, which fails when the
/// name is taken. Symbolic links below the root are refused, never followed.
///
/// Only the beginning of an upload makes folders. For all else a missing root, or a missing first folder of a key, is a
/// place that is away (a disk that is not mounted): `.storageUnavailable`, and not an object that is gone.
package struct DirectoryStore: ObjectStore {
    static let partialSuffix = ".partial"
    let tree: DirectoryTree
    /// As it was given.
    package var root: String { tree.root }
    private let stop: StopSignal?

    /// The absolute path; the first upload makes it (0700) when it is missing. `stop` ends what takes long. Throws
    /// `.configuration` for a relative path and `.storageRefused` when everybody may write there.
    package init(root: String, stop: StopSignal? = nil) throws(BackupError) {
        guard root.hasPrefix("/"), !root.utf8.contains(0) else {
            throw BackupError(
                .configuration, "a directory destination needs an absolute path, not \(root.debugDescription)")
        }
        tree = DirectoryTree(root: root)
        self.stop = stop
        do throws(BackupError) {
            _ = try tree.open()
        } catch  where error.code == .storageUnavailable {
            // Not there now: each use says so, and an upload makes it.
        }
    }

    package func beginUpload(_ key: String) throws(BackupError) -> any ObjectUpload {
        let parts = try ObjectKey.parts(key)
        guard let name = parts.last, !name.hasSuffix(Self.partialSuffix) else {
            throw BackupError(.usage, "\(key): names that end in \(Self.partialSuffix) are kept for unfinished files")
        }
        try Self.make(tree.root)
        let folder = try tree.parent(of: parts, creating: true)
        var facts = stat()
        if fstatat(folder.raw, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 {
            throw BackupError(.exists, "\(tree.root)/\(key) is there already")
        }
        return try DirectoryUpload(key: key, name: name, folder: folder, tree: tree, stop: stop)
    }

    package func head(_ key: String) throws(BackupError) -> ObjectFacts {
        let file = try openFile(key)
        let bytes = try size(of: file, key)
        var facts = stat()
        guard fstat(file.raw, &facts) == 0 else { throw fileFailure(errno, "look at \(tree.root)/\(key)") }
        return ObjectFacts(
            key: key, bytes: bytes, etag: "", modifiedAt: Date(timeIntervalSince1970: Double(facts.st_mtim.tv_sec)))
    }

    package func read(_ key: String, _ body: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) {
        let file = try openFile(key)
        let size = try size(of: file, key)
        let total = try readAll(file, "read \(tree.root)/\(key)", body)
        guard total == size else {
            throw BackupError(.integrity, "\(tree.root)/\(key) had \(size) bytes, and \(total) came")
        }
    }

    package func visit(
        prefix: String, _ body: ([ObjectFacts]) throws(BackupError) -> Void
    ) throws(BackupError) {
        guard !prefix.utf8.contains(0) else { throw BackupError(.usage, "a prefix cannot hold NUL") }
        let root = try tree.open()
        if let slash = prefix.firstIndex(of: "/") { try tree.requireTop(String(prefix[..<slash]), in: root) }
        // A folder is looked into when it can hold something that begins with the prefix.
        try tree.visitFiles(
            in: root, path: "", where: { $0.hasPrefix(prefix) || prefix.hasPrefix($0) }
        ) { (_, name, path, facts) throws(BackupError) in
            guard path.hasPrefix(prefix), !name.hasSuffix(Self.partialSuffix), path != Self.markName else { return }
            try body([
                ObjectFacts(
                    key: path, bytes: Int64(facts.st_size), etag: "",
                    modifiedAt: Date(timeIntervalSince1970: Double(facts.st_mtim.tv_sec)))
            ])
        }
    }

    package func delete(_ key: String) throws(BackupError) {
        let parts = try ObjectKey.parts(key)
        guard let name = parts.last else { return }
        do throws(BackupError) {
            let folder = try tree.parent(of: parts)
            guard unlinkat(folder.raw, name, 0) == 0 else { throw fileFailure(errno, "delete \(tree.root)/\(key)") }
            try tree.sync(folder)
        } catch  where error.code == .notFound {
            return
        }
    }

    /// Removes unfinished files that a process left when it was killed: those last written before `time`. Returns
    /// their paths below the root. Call it when no upload of this store is under way, or with a time before they began.
    package func sweepPartials(olderThan time: Date) throws(BackupError) -> [String] {
        var swept: [String] = []
        try tree.visitFiles(in: try tree.open(), path: "", where: { _ in true }) {
            (folder, name, path, facts) throws(BackupError) in
            let written = Date(timeIntervalSince1970: Double(facts.st_mtim.tv_sec))
            guard name.hasPrefix("."), name.hasSuffix(Self.partialSuffix), written < time else { return }
            guard unlinkat(folder, name, 0) == 0 || errno == ENOENT else {
                throw fileFailure(errno, "remove \(tree.root)/\(path)")
            }
            swept.append(path)
        }
        return swept
    }

    private func openFile(_ key: String) throws(BackupError) -> Descriptor {
        let parts = try ObjectKey.parts(key)
        let folder = try tree.parent(of: parts)
        // NONBLOCK: a FIFO that someone planted must not hold us.
        let raw = openat(folder.raw, parts.last ?? "", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else { throw fileFailure(errno, "open \(tree.root)/\(key)") }
        return Descriptor(raw)
    }

    private func size(of file: borrowing Descriptor, _ key: String) throws(BackupError) -> Int64 {
        var facts = stat()
        guard fstat(file.raw, &facts) == 0 else { throw fileFailure(errno, "look at \(tree.root)/\(key)") }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw BackupError(.notFound, "\(tree.root)/\(key) is not a regular file")
        }
        return Int64(facts.st_size)
    }

    /// `mkdir -p`, and only this user may look into what is made.
    private static func make(_ path: String) throws(BackupError) {
        var soFar = ""
        for part in path.split(separator: "/") {
            soFar += "/\(part)"
            if mkdir(soFar, 0o700) != 0, errno != EEXIST, access(soFar, F_OK) != 0 {
                throw fileFailure(errno, "make \(soFar)")
            }
        }
    }
}

/// Hands out all that is left in a file, and says how many bytes it was.
func readAll(
    _ file: borrowing Descriptor, _ doing: String, _ body: (UnsafeRawBufferPointer) throws(BackupError) -> Void
) throws(BackupError) -> Int64 {
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { chunk.deallocate() }
    let raw = file.raw
    var total: Int64 = 0
    while true {
        let count = uninterrupted { Glibc.read(raw, chunk.baseAddress, chunk.count) }
        guard count >= 0 else { throw fileFailure(errno, doing) }
        guard count > 0 else { return total }
        total += Int64(count)
        try body(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
    }
}
