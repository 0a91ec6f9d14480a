import Domain
import Glibc
import Threads

/// Sends decoded bytes into a child: psql, pg_restore, tar.
extension ChildProcess {
    /// Runs it with the bytes of `source` as its input, at the child's pace. When the source ends with an error, that error
    /// is thrown, and the child is ended before it can take the end of its input for the end of the data.
    ///
    /// Throws `.integrity` when the child ends well without having read everything.
    func feed(
        _ source: @escaping DecodedSource, output: Descriptor? = nil, stop: StopSignal
    ) async throws(BackupError) -> Ending {
        let pipe = try Descriptor.pipe()
        let childStop = StopSignal(following: stop)
        let childEnded = StopSignal()
        async let feeding: Feeding = onThread {
            withoutBrokenPipeSignal { Self.copy(source, to: pipe.writer, childStop, childEnded) }
        }
        let ended: Result<Ending, BackupError>
        do throws(BackupError) {
            ended = .success(try await run(input: pipe.reader, output: output, stop: childStop))
        } catch {
            ended = .failure(error)
        }
        childEnded.stop()
        switch await feeding {
        case .sourceFailed(let error): throw error
        case .complete: return try ended.get()
        case .childGone:
            let ending = try ended.get()
            guard !ending.isSuccess else { throw Self.gone }
            return ending
        }
    }

    private enum Feeding: Sendable {
        case complete
        case childGone
        case sourceFailed(BackupError)
    }

    private static func copy(
        _ source: DecodedSource, to pipe: Descriptor, _ childStop: StopSignal, _ childEnded: StopSignal
    ) -> Feeding {
        defer { pipe.close() }
        var isGone = false
        do throws(BackupError) {
            try source { (bytes) throws(BackupError) in
                do {
                    try pipe.write(bytes)
                } catch {
                    isGone = true
                    throw gone
                }
            }
            return .complete
        } catch {
            if isGone { return .childGone }
            childStop.stop()
            // The end of the input must not reach it before the signal does: psql would commit.
            while !childEnded.isStopped { usleep(10_000) }
            return .sourceFailed(error)
        }
    }

    private static let gone = BackupError(.integrity, "the loading tool stopped reading before the data's end")
}
