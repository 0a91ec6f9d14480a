package import Deflate
package import Domain
import Foundation
import Sealing
package import Threads

/// The hot path of a backup: `descriptor → inspect and SHA-256 → codec → SHA-256 → every sink at once`, in one pass.
///
/// The thread that calls ``run(from:to:stop:)`` reads, inspects and hashes; `workers` threads compress, one puts the
/// blocks in order again and hashes them, and every sink has its own. Between them stand blocks of fixed number and
/// size, at most 40 MiB for all (P10): whoever is slow slows those before it, down to the dump tool.
/// A chain is for one run, on one thread.
package struct Chain {
    private let codec: Codec
    private let workers: Int
    private let inspector: (any Inspector)?
    private let progress: ChainProgress

    /// More workers than cores help nobody; more than the memory allows are not used.
    package init(
        codec: Codec, workers: Int = ProcessInfo.processInfo.activeProcessorCount, inspector: (any Inspector)? = nil,
        progress: ChainProgress = ChainProgress()
    ) {
        self.codec = codec
        self.workers = workers
        self.inspector = inspector
        self.progress = progress
    }

    /// Runs until the descriptor's end and blocks this thread so long. Takes over `descriptor` and closes it before it
    /// returns, whatever happens, so that a producer whose output nobody wants any more gets `EPIPE`.
    ///
    /// A sink that fails is left out and reported in the result while the others go on. Without any sink the bytes are only
    /// inspected, compressed and counted. That the producer exited with 0 is for the caller to check, before it looks at
    /// an error from here: a dump tool that died leaves an incomplete dump.
    ///
    /// Throws `.integrity` when the inspector says so, the sinks' error when all have failed, `.sourceUnavailable` when
    /// the descriptor cannot be read, `.cancelled` soon after `stop`, `.configuration` for a level the codec lacks.
    package func run(
        from descriptor: Int32, to sinks: [any ChainSink], stop: StopSignal
    ) throws(BackupError) -> ChainResult {
        let source = PipeReader(taking: descriptor)
        defer { source.close() }
        let threads = ThreadGroup<BackupError>(following: stop)
        let stage = try CodecStage(codec, workers: workers, threads: threads)
        let fanOut = SinkFanOut(sinks, threads: threads)
        let stored = StoredStage(codec, blocks: stage.results, fanOut: fanOut, progress: progress)
        threads.spawn("chain-stored") { () throws(BackupError) in try stored.run(stop: threads.stop) }

        let plain = SHA256Hasher()
        let readError = pump(source, into: stage, plain, stop: threads.stop)
        if readError != nil { threads.stop.stop() }
        source.close()
        try threads.join()  // the error of a worker or of all sinks comes before that of a reader whom it stopped
        if let readError { throw readError }
        // A sink that saw the stop may have left out the last blocks, even if all the rest was done.
        guard !threads.stop.isStopped, let totals = stored.totals.take(stop: threads.stop) else {
            throw BackupError.chainStopped
        }
        let plainSHA256 = hex(plain.finish())
        return ChainResult(
            plainBytes: source.bytesRead, plainSHA256: plainSHA256, storedBytes: totals.bytes,
            storedSHA256: totals.sha256 ?? plainSHA256, sinkErrors: fanOut.errors,
            inspection: try inspector?.finish())
    }

    /// Reads to the end. Returns what stopped it before that.
    private func pump(
        _ source: PipeReader, into stage: CodecStage, _ plain: SHA256Hasher, stop: StopSignal
    ) -> BackupError? {
        do throws(BackupError) {
            var isOpen = true
            while isOpen {
                let block = try stage.freeBlock()
                while isOpen && !block.isFull {
                    isOpen = try read(source, into: block, stop: stop) { bytes in
                        progress.addPlain(bytes.count)
                        plain.update(bytes)
                        inspector?.consume(bytes)
                    }
                }
                if block.count > 0 { try stage.submit(block) }
            }
            stage.close()
            return nil
        } catch {
            return error
        }
    }

    /// False at the end.
    private func read(
        _ source: PipeReader, into block: Block, stop: StopSignal, look: (UnsafeRawBufferPointer) -> Void
    ) throws(BackupError) -> Bool {
        do throws(PipeReader.ReadError) {
            switch try source.read(into: block, stop: stop, look: look) {
            case .bytes: return true
            case .end: return false
            case .stopped: break
            }
        } catch {
            throw BackupError(.sourceUnavailable, "reading the dump", cause: error)
        }
        throw .chainStopped
    }
}

extension BackupError {
    /// What a part of a chain says when it ends because the chain was told to.
    static var chainStopped: BackupError { BackupError(.cancelled, "the run was stopped") }
}
