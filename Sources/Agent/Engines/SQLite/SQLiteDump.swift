import Archive
import Domain
import Foundation
import Glibc
import SystemPackage
import Threads

/// The one object of a SQLite backup.
extension SQLiteEngine {
    func dumpStream() -> EngineStream {
        let contents = SQLiteContents()
        return EngineStream(
            role: .dump, format: .sqlite, copiesFirst: true,
            makeInspector: { SQLiteFileInspector(tables: { contents.tables }, notes: { contents.notes }) },
            write: { [self] descriptor, stop in
                try await onThread(stop: stop) { () throws(BackupError) in
                    try withoutBrokenPipeSignal { () throws(BackupError) in
                        let output = Descriptor(adopting: descriptor)
                        defer { output.close() }
                        try Self.send(try checkedCopy(contents, stop), to: output, stop)
                    }
                }
            },
            // Not in the way of the original.
            stockRestore: .file(URL(filePath: path).lastPathComponent + ".restored"))
    }

    /// A checked copy without a name: its folder is gone when this returns, so a crash from here on leaves nothing.
    func checkedCopy(_ contents: SQLiteContents, _ stop: StopSignal) throws(BackupError) -> Descriptor {
        let folder = try SpoolFolder(in: spool)
        defer { folder.remove() }
        let copy = folder.path + "/copy.db"
        let source = try SQLiteSource(path: path)
        try source.copy(to: copy, stop: stop)
        do throws(BackupError) {
            contents.note(try SQLiteCheck.run(.quick, on: copy, stop: stop))
        } catch  where error.code == .integrity {
            throw BackupError(
                .integrity, "the copy of \(path) is not whole, so the database itself is damaged", cause: error)
        }
        try contents.count(in: copy, stop: stop)
        do {
            return Descriptor(adopting: try FileDescriptor.open(copy, .readOnly, options: .closeOnExec).rawValue)
        } catch {
            throw BackupError(.bug, "opening the copy of \(path)", cause: error)
        }
    }

    private static func send(_ copy: Descriptor, to output: Descriptor, _ stop: StopSignal) throws(BackupError) {
        defer { copy.close() }
        try copy.readToEnd(abandoned: { false }) { (piece) throws(BackupError) in
            guard !stop.isStopped else { throw BackupError(.cancelled, "sending a copy was stopped") }
            do {
                try output.write(piece)
            } catch {
                throw BackupError(.cancelled, "the receiver of a copy has gone", cause: error)
            }
        }
    }
}
