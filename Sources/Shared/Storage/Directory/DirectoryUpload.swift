import Domain
import Glibc
import Sealing
import Threads

/// One file on its way into a ``DirectoryStore``.
final class DirectoryUpload: ObjectUpload {
    private let key: String
    private let name: String
    private let partial: String
    private let tree: DirectoryTree
    private let stop: StopSignal?
    private let folder: Descriptor
    private let file: Descriptor
    private var written: Int64 = 0
    private var isOpen = true

    init(
        key: String, name: String, folder: consuming Descriptor, tree: DirectoryTree, stop: StopSignal?
    ) throws(BackupError) {
        // Not made of the object's name, which may be as long as names can be.
        let partial = ".\(String(UInt64.random(in: 0 ... .max), radix: 16))\(DirectoryStore.partialSuffix)"
        let raw = openat(folder.raw, partial, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard raw >= 0 else { throw fileFailure(errno, "make a file in \(tree.root) for \(key)") }
        self.key = key
        self.name = name
        self.partial = partial
        self.tree = tree
        self.stop = stop
        self.folder = folder
        file = Descriptor(raw)
    }

    deinit { abort() }

    func write(_ bytes: UnsafeRawBufferPointer) throws(BackupError) {
        guard isOpen else { throw BackupError(.bug, "\(key) was written to after its end") }
        let raw = file.raw
        var rest = bytes[...]
        while !rest.isEmpty {
            let chunk = UnsafeRawBufferPointer(rebasing: rest)
            let count = uninterrupted { Glibc.write(raw, chunk.baseAddress, chunk.count) }
            guard count >= 0 else { throw fileFailure(errno, "write \(tree.root)/\(key)") }
            rest = rest.dropFirst(count)
            written += Int64(count)
        }
    }

    func commit(bytes: Int64, sha256: String) throws(BackupError) -> ObjectFacts {
        guard isOpen else { throw BackupError(.bug, "\(key) was committed after its end") }
        guard bytes == written else {
            throw BackupError(.integrity, "\(tree.root)/\(key): \(bytes) bytes were expected, \(written) written")
        }
        // An error here means lost bytes, and the kernel may forget it: never asked twice.
        guard fsync(file.raw) == 0 else { throw fileFailure(errno, "make \(tree.root)/\(key) durable") }
        try confirm(sha256)
        guard linkat(folder.raw, partial, folder.raw, name, 0) == 0 else {
            throw fileFailure(errno, "give \(tree.root)/\(key) its name")
        }
        abort()  // the object has its own name now
        do throws(BackupError) {
            try tree.sync(folder)
        } catch {
            // A name that may not last is none: the caller must not find what it was told has failed.
            _ = unlinkat(folder.raw, name, 0)
            throw error
        }
        return ObjectFacts(key: key, bytes: written, etag: "")
    }

    func abort() {
        guard isOpen else { return }
        isOpen = false
        // Nothing more can be done when this fails; sweepPartials comes back to it.
        _ = unlinkat(folder.raw, partial, 0)
    }

    /// Reads the file again: what lies there is what was meant, not what was handed to the kernel.
    private func confirm(_ sha256: String) throws(BackupError) {
        guard lseek(file.raw, 0, SEEK_SET) == 0 else { throw fileFailure(errno, "read \(tree.root)/\(key) again") }
        let hasher = SHA256Hasher()
        let total = try readAll(file, "read \(tree.root)/\(key) again") { (chunk) throws(BackupError) in
            if stop?.isStopped == true { throw BackupError(.cancelled, "storing \(key) was stopped") }
            hasher.update(chunk)
        }
        guard total == written, hex(hasher.finish()) == sha256.lowercased() else {
            throw BackupError(.integrity, "\(tree.root)/\(key) is not what was written to it")
        }
    }
}
