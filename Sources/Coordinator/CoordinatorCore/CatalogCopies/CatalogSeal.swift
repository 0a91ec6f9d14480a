import Archive
import Daemon
import Deflate
import Domain
import Foundation
import Glibc
import Sealing
import Threads

/// From a copy of the catalog to the file that is stored, and back: gzip, then age for a passphrase. `age -d FILE | gunzip` opens it.
enum CatalogSeal {
    /// A catalog is no larger than that; what unpacks to more is none.
    private static let mostBytes: Int64 = 1 << 40

    struct Sealed: Sendable {
        let bytes: Int64
        let sha256: String
    }

    /// Blocks.
    static func seal(_ plain: URL, into sealed: URL, _ key: CatalogKey) throws(BackupError) -> Sealed {
        let descriptor = Glibc.open(plain.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BackupError(.storageUnavailable, "the copy of the catalog cannot be read") }
        let sink = try SealingSink(key, PlainFile(creating: sealed))
        let result = try Chain(codec: .gzip(), workers: 1).run(from: descriptor, to: [sink], stop: StopSignal())
        if let error = result.sinkErrors.values.first { throw error }
        return try sink.finish()
    }

    /// Writes the catalog that a sealed copy holds. Blocks. Throws `.integrity` for a copy that was changed or cut, or is another key's.
    static func open(
        _ key: CatalogKey, into plain: URL,
        read: ((UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) -> Void
    ) throws(BackupError) {
        let opener = AgeOpener(passphrase: key.bytes)
        let reader = try ArchiveReader(codec: .gzip(), plainLimit: mostBytes)
        let file = try PlainFile(creating: plain)
        func take(_ bytes: [UInt8]) throws(BackupError) {
            let taken: Result<Void, BackupError> = bytes.withUnsafeBytes { raw in
                Result { () throws(BackupError) in
                    try reader.take(raw) { (piece) throws(BackupError) in try file.write(piece) }
                }
            }
            try taken.get()
        }
        try read { (piece) throws(BackupError) in
            try take(try opening { () throws(SealingError) in try opener.open(piece) })
        }
        try take(try opening { () throws(SealingError) in try opener.finish() })
        _ = try reader.finish()
        try file.finish()
    }

    private static func opening(_ step: () throws(SealingError) -> [UInt8]) throws(BackupError) -> [UInt8] {
        do {
            return try step()
        } catch {
            throw BackupError(
                .integrity,
                "the copy of the catalog does not open (\(error.message)): give the key that was kept when the coordinator was made "
                    + "(its file catalog-key), or take another copy")
        }
    }
}

/// The end of the chain: encrypts, and writes a file.
private final class SealingSink: ChainSink {
    private let sealer: AgeSealer
    private let file: PlainFile
    private let digest = SHA256Hasher()
    private var bytes: Int64 = 0

    init(_ key: CatalogKey, _ file: PlainFile) throws(BackupError) {
        sealer = try sealing("sealing the copy of the catalog", .bug) { () throws(SealingError) in
            try AgeSealer(passphrase: key.bytes)
        }
        self.file = file
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(BackupError) {
        try put(
            try sealing("sealing the copy of the catalog", .bug) { () throws(SealingError) in try sealer.seal(bytes) })
    }

    func finish() throws(BackupError) -> CatalogSeal.Sealed {
        try put(try sealing("sealing the copy of the catalog", .bug) { () throws(SealingError) in try sealer.finish() })
        try file.finish()
        return .init(bytes: bytes, sha256: hex(digest.finish()))
    }

    private func put(_ sealed: [UInt8]) throws(BackupError) {
        let done: Result<Void, BackupError> = sealed.withUnsafeBytes { raw in
            digest.update(raw)
            return Result { () throws(BackupError) in try file.write(raw) }
        }
        try done.get()
        bytes += Int64(sealed.count)
    }
}

/// A new file (0600) that is written from its beginning to its end. What stood there before is gone.
private final class PlainFile {
    private let descriptor: Int32
    private let path: String

    init(creating url: URL) throws(BackupError) {
        path = url.path
        unlink(path)
        descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
    }

    deinit { close(descriptor) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(BackupError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(path) }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }

    func finish() throws(BackupError) {
        guard fsync(descriptor) == 0 else { throw Self.failure(path) }
    }

    private static func failure(_ path: String) -> BackupError {
        BackupError(.storageUnavailable, "writing \(path): \(String(cString: strerror(errno)))")
    }
}
