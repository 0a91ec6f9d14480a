package import Archive
package import Domain
import Foundation
import Threads

/// Reads a custom dump to its very end through `pg_restore --file=-`, whose SQL goes through the inspector of plain dumps.
/// So the archive's structure is checked by the tool that will have to read it, and the fingerprint is the same as that
/// of a plain dump.
package final class CustomDumpInspector: Inspector {
    private let feed: Descriptor
    private let reading: BackgroundWork<Inspection>
    /// pg_restore has gone; why, its exit status tells at the end. One thread uses an inspector.
    private var isCut = false

    /// Starts `pgRestore` (its absolute path), which lives until ``finish()`` or the end of this object.
    package init(pgRestore: String) throws(BackupError) {
        let archive = try Descriptor.pipe()
        let sql = try Descriptor.pipe()
        feed = archive.writer
        let child = ChildProcess(
            executable: pgRestore, arguments: ["--file=-"], environment: ChildProcess.baseEnvironment)
        reading = BackgroundWork {
            let childEnded = StopSignal()
            async let inspected: Result<Inspection, BackupError> = onThread {
                PlainDumpInspector.result(of: sql.reader, until: { childEnded.isStopped })
            }
            let ended: Result<ChildProcess.Ending, BackupError>
            do throws(BackupError) {
                ended = .success(try await child.run(input: archive.reader, output: sql.writer, stop: StopSignal()))
            } catch {
                ended = .failure(error)
            }
            childEnded.stop()
            let result = await inspected
            let ending = try ended.get()
            guard ending.isSuccess else {
                throw BackupError(.integrity, "pg_restore cannot read the dump: \(ending.standardError)")
            }
            return try result.get()
        }
    }

    deinit { feed.close() }

    package func consume(_ bytes: UnsafeRawBufferPointer) {
        if isCut { return }
        withoutBrokenPipeSignal {
            do { try feed.write(bytes) } catch { isCut = true }
        }
    }

    package func finish() throws(BackupError) -> Inspection {
        feed.close()
        let result: Result<Inspection?, any Error> = Result { try reading.wait() }
        switch result {
        case .success(let inspection?):
            guard !isCut else { throw BackupError(.integrity, "pg_restore stopped reading before the dump's end") }
            return inspection
        case .success(nil): throw BackupError(.bug, "an inspector was asked for its result twice")
        case .failure(let error as BackupError): throw error
        case .failure(let error): throw BackupError(.bug, "checking a dump with pg_restore", cause: error)
        }
    }
}
