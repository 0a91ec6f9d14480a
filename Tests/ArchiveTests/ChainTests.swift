import Archive
import Domain
import Glibc
import Synchronization
import Testing
import Threads

@Suite(.timeLimit(.minutes(5)))
struct ChainTests {
    @Test(arguments: Compression.allCases, [0, 1, 4097, 1 << 20, (5 << 20) + 12_345])
    func whatGoesInComesOutOfStockToolsAndOfOurReader(compression: Compression, size: Int) throws {
        let plain = sampleText(size)
        // Written in odd pieces: the chain must not care how the tool writes.
        let pieces = stride(from: 0, to: size, by: 77_777).map { Array(plain[$0..<min($0 + 77_777, size)]) }
        let sinks = [KeepingSink(), KeepingSink()]
        let progress = ChainProgress()
        let producer = try Producer(pieces)
        let result = try Chain(codec: .init(compression), workers: 3, progress: progress)
            .run(from: producer.output, to: sinks, stop: StopSignal())

        let stored = sinks[0].bytes
        #expect(sinks[1].bytes == stored)
        #expect(result.plainBytes == Int64(size) && progress.plainBytes == Int64(size))
        #expect(result.storedBytes == Int64(stored.count) && progress.storedBytes == Int64(stored.count))
        #expect(try result.plainSHA256 == stockDigest(plain))
        #expect(try result.storedSHA256 == stockDigest(stored))
        #expect(result.sinkErrors.isEmpty && result.inspection == nil)
        #expect(try stockTool(stockDecoder(compression), stored) == plain)
        #expect(!producer.wasBroken())

        let back = KeepingSink()
        let totals = try ArchiveReader.decode(
            codec: .init(compression), plainLimit: Int64(size), read: whole(stored, chunk: 9999)
        ) { (bytes) throws(BackupError) in try back.write(bytes) }
        #expect(back.bytes == plain)
        #expect(totals.plainSHA256 == result.plainSHA256 && totals.storedSHA256 == result.storedSHA256)
        #expect(totals.plainBytes == result.plainBytes && totals.storedBytes == result.storedBytes)
    }

    @Test func theSameDumpGivesTheSameObjectHoweverManyWorkersThereAre() throws {
        let plain = sampleText(7 << 20)
        let stored = try [1, 2, 5].map { workers in
            let sink = KeepingSink()
            _ = try Chain(codec: .init(.gzip), workers: workers)
                .run(from: Producer([plain]).output, to: [sink], stop: StopSignal())
            return sink.bytes
        }
        #expect(stored[0] == stored[1] && stored[1] == stored[2])
    }

    @Test func aFailedSinkIsLeftOutAndReportedAndTheOthersGetEverything() throws {
        let plain = sampleText(6 << 20)
        let good = KeepingSink()
        let bad = ScriptedSink { (write, _) throws(BackupError) in
            if write == 2 { throw BackupError(.storageRefused, "the disk is full") }
        }
        let producer = try Producer([plain])
        let result = try Chain(codec: .init(.gzip)).run(from: producer.output, to: [bad, good], stop: StopSignal())
        #expect(result.sinkErrors.keys.sorted() == [0])
        #expect(result.sinkErrors[0]?.code == .storageRefused)
        #expect(bad.writes == 2)
        #expect(try stockTool(["gunzip", "-c"], good.bytes) == plain)
        #expect(!producer.wasBroken())
    }

    @Test func whenEverySinkHasFailedTheRunFailsAndTheProducerGetsABrokenPipe() throws {
        let producer = try Producer([sampleText(1 << 20)], isEndless: true)
        let sinks = [
            ScriptedSink { (_, _) throws(BackupError) in throw BackupError(.storageRefused, "no rights") },
            ScriptedSink { (write, _) throws(BackupError) in
                if write == 3 { throw BackupError(.storageUnavailable, "no answer") }
            },
        ]
        let error = #expect(throws: BackupError.self) {
            try Chain(codec: .init(.gzip)).run(from: producer.output, to: sinks, stop: StopSignal())
        }
        #expect(error?.code == .storageUnavailable)  // the one that another try may mend
        #expect(error?.description.contains("no rights") == true)
        #expect(producer.wasBroken())
    }

    @Test func theOnlySinksErrorIsTheRunsEvenWhileTheProducerIsSilent() throws {
        let silent = StopSignal()
        let producer = try Producer([sampleText(4 << 20)], staysOpen: silent)
        defer { silent.stop() }
        let sink = ScriptedSink { (_, _) throws(BackupError) in throw BackupError(.storageRefused, "no rights") }
        let error = #expect(throws: BackupError.self) {
            try Chain(codec: .init(.none)).run(from: producer.output, to: [sink], stop: StopSignal())
        }
        #expect(error?.code == .storageRefused && error?.message == "no rights")
    }

    @Test func aStopEndsARunWhoseProducerIsSilent() throws {
        let stop = StopSignal()
        let silent = StopSignal()
        let producer = try Producer([[1, 2, 3]], staysOpen: silent)
        defer { silent.stop() }
        let progress = ChainProgress()
        let threads = ThreadGroup<Never>(following: StopSignal())
        threads.spawn("stopper") {
            while progress.plainBytes < 3 { sched_yield() }
            stop.stop()
        }
        let error = #expect(throws: BackupError.self) {
            try Chain(codec: .init(.gzip), progress: progress)
                .run(from: producer.output, to: [KeepingSink()], stop: stop)
        }
        #expect(error?.code == .cancelled)
        threads.join()
    }

    @Test func aStopEndsARunWhoseSinkIsBlocked() throws {
        let stop = StopSignal()
        let isBlocked = Promise<Bool>()
        let threads = ThreadGroup<Never>(following: StopSignal())
        threads.spawn("stopper") { if isBlocked.take() == true { stop.stop() } }
        let producer = try Producer([sampleText(1 << 20)], isEndless: true)
        let sink = ScriptedSink { (write, _) throws(BackupError) in
            guard write == 2 else { return }
            isBlocked.keep(true)
            // As a store does that waits for a network and looks at the signal now and then.
            while !stop.isStopped { sched_yield() }
            throw BackupError(.cancelled, "stopped in the upload")
        }
        let error = #expect(throws: BackupError.self) {
            try Chain(codec: .init(.none)).run(from: producer.output, to: [sink], stop: stop)
        }
        threads.join()
        #expect(error?.code == .cancelled)
        #expect(producer.wasBroken())
    }

    @Test func aStopInTheVeryLastWriteIsNoSuccess() throws {
        let stop = StopSignal()
        let sink = ScriptedSink { (_, _) throws(BackupError) in stop.stop() }
        let error = #expect(throws: BackupError.self) {
            try Chain(codec: .init(.none)).run(from: Producer([[1, 2, 3]]).output, to: [sink], stop: stop)
        }
        #expect(error?.code == .cancelled && sink.writes == 1)
    }

    @Test(arguments: [Compression.none, .zstd])
    func aSlowSinkSlowsTheProducerInsteadOfFillingMemory(compression: Compression) throws {
        let plain = sampleText(1 << 20)
        let producer = try Producer([[UInt8]](repeating: plain, count: 96))
        let progress = ChainProgress()
        let seen = Mutex<(plain: Int64, furthest: Int64)>((0, 0))
        let sink = ScriptedSink { (_, bytes) throws(BackupError) in
            for _ in 0..<50 { sched_yield() }
            seen.withLock { seen in
                // Every block of this dump compresses alike: the sink's share of the stored bytes is that of the plain.
                seen.plain += Int64(bytes.count)
                let ahead = progress.storedBytes - seen.plain
                seen.furthest = max(seen.furthest, ahead)
            }
        }
        let result = try Chain(codec: .init(compression), workers: 2, progress: progress)
            .run(from: producer.output, to: [sink], stop: StopSignal())
        #expect(result.plainBytes == 96 << 20)
        let largestBlock = compression == .none ? Int64(1 << 20) : result.storedBytes / 48 * 2
        #expect(seen.withLock { $0.furthest } <= largestBlock * 6)
    }

    @Test(arguments: Compression.allCases, [1, 2, 4, 16, 256])
    func theBuffersOfAChainAreAtMost40MiB(compression: Compression, workers: Int) throws {
        let budget = try ChainBudget(.init(compression), workers: workers)
        #expect(budget.bytes <= 40 << 20)
        #expect(compression == .none || (1...workers).contains(budget.workers))
        #expect(compression == .none || workers > 2 || budget.workers == workers)
    }

    @Test func aDumpThatTheInspectorRefusesIsNoResult() throws {
        let producer = try Producer([[UInt8]("--\n-- PostgreSQL database dump\n--\n\nCOPY t (a) FROM stdin;\n1\n".utf8)]
        )
        let sink = KeepingSink()
        let error = #expect(throws: BackupError.self) {
            try Chain(codec: .init(.gzip), inspector: PlainDumpInspector())
                .run(from: producer.output, to: [sink], stop: StopSignal())
        }
        #expect(error?.code == .integrity)
    }

    @Test func aDescriptorThatCannotBeReadAndALevelThatIsNoneAreErrors() throws {
        let folder = open("/", O_RDONLY | O_CLOEXEC)
        let error = #expect(throws: BackupError.self) {
            try Chain(codec: .init(.gzip)).run(from: folder, to: [KeepingSink()], stop: StopSignal())
        }
        #expect(error?.code == .sourceUnavailable)
        let level = #expect(throws: BackupError.self) { try Chain(codec: .init(.gzip, level: 11)) }
        #expect(level?.code == .configuration)
    }

    private func stockDigest(_ bytes: [UInt8]) throws -> String {
        String(decoding: try stockTool(["sha256sum"], bytes).prefix(64), as: UTF8.self)
    }

    private func stockDecoder(_ compression: Compression) -> [String] {
        switch compression {
        case .gzip: ["gunzip", "-c"]
        case .zstd: ["zstd", "-d", "-c"]
        case .none: ["cat"]
        }
    }
}
