import Testing
import Threads

@Suite(.timeLimit(.minutes(1)))
struct BlockPoolTests {
    @Test func aBlockTakesBytesUpToItsCapacity() throws {
        let pool = try BlockPool(count: 1, capacity: 5)
        let block = try #require(pool.take())
        #expect(block.capacity == 5)
        block.append([1, 2])
        block.fill { room in
            #expect(room.count == 3)
            room[0] = 3
            return 1
        }
        #expect(block.count == 3 && !block.isFull)
        #expect(block.withFilled { Array($0) } == [1, 2, 3])
        block.append([4, 5])
        #expect(block.isFull)
    }

    @Test func whoWantsMoreThanThePoolHasWaitsUntilABlockComesBack() throws {
        let pool = try BlockPool(count: 3, capacity: 100)
        let out = Counter()
        let threads = ThreadGroup<Never>(following: StopSignal())
        for _ in 0..<6 {
            threads.spawn("taker") {
                for _ in 0..<500 {
                    guard let block = pool.take() else { return }
                    out.add()
                    if out.value > 3 { Issue.record("more blocks out than the pool has") }
                    block.append([1])
                    out.add(-1)
                    withExtendedLifetime(block) {}
                }
            }
        }
        threads.join()
        #expect(out.value == 0)
    }

    @Test func aBlockIsEmptyAgainWhenLentAgainAndGoesBackWithItsLastReference() throws {
        let stop = StopSignal()
        let pool = try BlockPool(count: 1, capacity: 8, stop: stop)
        let queue = BoundedQueue<Block>(capacity: 2)
        do {
            let block = try #require(pool.take())
            block.append([1])
            #expect(queue.push(block) && queue.push(block))
        }
        _ = queue.pop()
        _ = queue.pop()
        let again = try #require(pool.take())
        #expect(again.count == 0)
        stop.stop()
        #expect(pool.take() == nil)
        withExtendedLifetime(again) {}
    }

    @Test func blocksOutliveThePoolThatLentThem() throws {
        var pool: BlockPool? = try BlockPool(count: 2, capacity: 1 << 20)
        let block = try #require(pool?.take())
        pool = nil
        block.append([UInt8](repeating: 7, count: 1 << 20))
        #expect(block.withFilled { $0.allSatisfy { $0 == 7 } })
    }

    @Test func memoryThatTheSystemDoesNotHaveIsAnError() {
        #expect(throws: BlockPool.OutOfMemory.self) { try BlockPool(count: 1 << 20, capacity: 1 << 42) }
    }
}
