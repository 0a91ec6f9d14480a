import Glibc
import Testing
import Threads

@Suite(.timeLimit(.minutes(1)))
struct PipeReaderTests {
    @Test func everythingThatWasWrittenIsRead() throws {
        let (reading, writing) = try makePipe()
        let threads = ThreadGroup<Never>(following: StopSignal())
        threads.spawn("writer") {
            for number in 0..<100 {
                let piece = [UInt8](repeating: UInt8(number), count: number * 97)
                var written = 0
                while written < piece.count {
                    written += piece[written...].withUnsafeBytes { max(0, write(writing, $0.baseAddress, $0.count)) }
                }
            }
            close(writing)
        }
        let reader = PipeReader(taking: reading)
        let pool = try BlockPool(count: 1, capacity: 10_000)
        var sum = 0
        var step = PipeReader.Step.bytes
        while step == .bytes {
            let block = try #require(pool.take())
            step = try reader.read(into: block, stop: StopSignal()) { bytes in
                sum += bytes.reduce(0) { $0 + Int($1) }
            }
        }
        threads.join()
        #expect(step == .end)
        #expect(reader.bytesRead == (0..<100).reduce(0) { $0 + Int64($1) * 97 })
        #expect(sum == (0..<100).reduce(0) { $0 + $1 * $1 * 97 })
    }

    @Test func aStopEndsAReadThatWaitsForASilentWriter() throws {
        let (reading, writing) = try makePipe()
        defer { close(writing) }
        let stop = StopSignal()
        let threads = ThreadGroup<Never>(following: StopSignal())
        threads.spawn("stopper") { stop.stop() }
        let pool = try BlockPool(count: 1, capacity: 10)
        let block = try #require(pool.take())
        #expect(try PipeReader(taking: reading).read(into: block, stop: stop) { _ in } == .stopped)
        threads.join()
    }

    @Test func aDescriptorThatCannotBeReadIsAnError() throws {
        let folder = open("/", O_RDONLY | O_CLOEXEC)
        try #require(folder >= 0)
        let pool = try BlockPool(count: 1, capacity: 10)
        let block = try #require(pool.take())
        let error = #expect(throws: PipeReader.ReadError.self) {
            try PipeReader(taking: folder).read(into: block, stop: StopSignal()) { _ in }
        }
        #expect(error?.number == EISDIR)
    }

    private func makePipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        return (ends[0], ends[1])
    }
}
