import Daemon
package import Domain
package import Foundation
package import Wire

/// Reports that wait to be delivered, one file each, in order. What `add` returned from survives a crash; an item goes
/// only when the coordinator has acknowledged it.
package actor Spool {
    private let folder: URL
    /// File names of what waits, oldest first.
    private var waiting: [String]
    /// How many reports lie here that the coordinator refused, or that could not be read.
    package private(set) var putAsideCount: Int
    private var next: Int
    private let newID: @Sendable () -> UUID
    private let continuation: AsyncStream<Void>.Continuation
    /// Yields when something was added. For one listener.
    package nonisolated let arrivals: AsyncStream<Void>

    /// Opens the folder (0700), and takes up what an earlier agent left. A file that is no report is put aside as
    /// `damaged-…`, never dropped.
    package init(folder: URL, newID: @escaping @Sendable () -> UUID) throws(BackupError) {
        self.folder = folder
        self.newID = newID
        (arrivals, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        try PrivateDirectory.ensure(folder.path)
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            putAsideCount = names.count { $0.hasPrefix("refused-") || $0.hasPrefix("damaged-") }
            waiting = names.filter { $0.hasSuffix(".json") && Int($0.prefix(16)) != nil }.sorted()
        } catch {
            throw BackupError(.storageRefused, "reading the spool \(folder.path)", cause: error)
        }
        next = (waiting.last.flatMap { Int($0.prefix(16)) } ?? 0) + 1
        if !waiting.isEmpty { continuation.yield() }
    }

    package var depth: Int { waiting.count }

    /// Writes one item durably.
    package func add(run: RunReport? = nil, command: CommandResult? = nil) throws(BackupError) {
        let item = ReportBatch.Item(id: newID(), run: run, command: command)
        let number = String(next)
        let name = String(repeating: "0", count: max(0, 16 - number.count)) + number + ".json"
        let bytes: Data
        do { bytes = try JSON.encoder().encode(item) } catch {
            throw BackupError(.bug, "encoding a report", cause: error)
        }
        try AtomicFile.write(folder.appending(path: name).path, [UInt8](bytes), mode: 0o600)
        next += 1
        waiting.append(name)
        continuation.yield()
    }

    /// The oldest items, up to `count` and about `bytes` bytes, with their file names.
    package func oldest(count: Int, bytes: Int) -> [(name: String, item: ReportBatch.Item)] {
        var out: [(name: String, item: ReportBatch.Item)] = []
        var total = 0
        for name in waiting where out.count < count {
            // What cannot be read just now (no descriptors, a disk error) is read another time, and holds nothing up: reports
            // change nothing by their order.
            guard let data = try? Data(contentsOf: folder.appending(path: name)) else { continue }
            do {
                if !out.isEmpty, total + data.count > bytes { break }
                total += data.count
                out.append((name, try JSON.decoder().decode(ReportBatch.Item.self, from: data)))
            } catch {
                quarantine(name)
            }
        }
        return out
    }

    /// The commands whose results wait here. Reads one file after the other, and keeps none.
    package func commands() -> [UUID] {
        struct Result: Decodable {
            struct Command: Decodable { let command: UUID }
            let command: Command?
        }
        return waiting.compactMap { name in
            // One that cannot be read says no command; it is delivered, or put aside, later.
            guard let data = try? Data(contentsOf: folder.appending(path: name)) else { return nil }
            return try? JSON.decoder().decode(Result.self, from: data).command?.command
        }
    }

    /// Forgets what was acknowledged.
    package func remove(_ names: Set<String>) {
        for name in names {
            // One that cannot be removed is sent again after the next start, which changes nothing at the coordinator.
            try? FileManager.default.removeItem(at: folder.appending(path: name))
        }
        waiting.removeAll(where: names.contains)
    }

    /// Puts an item aside that the coordinator will never take, for a person to look at. Renamed back
    /// (without `refused-`) it is sent again after the next start.
    package func putAside(_ name: String) { putAside(name, as: "refused-") }

    private func quarantine(_ name: String) { putAside(name, as: "damaged-") }

    private func putAside(_ name: String, as mark: String) {
        waiting.removeAll { $0 == name }
        putAsideCount += 1
        // If even that fails it stays where it is and is met again at the next start.
        try? FileManager.default.moveItem(at: folder.appending(path: name), to: folder.appending(path: mark + name))
    }
}
