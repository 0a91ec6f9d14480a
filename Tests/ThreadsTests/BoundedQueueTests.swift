import Synchronization
import Testing
import Threads

@Suite(.timeLimit(.minutes(1)))
struct BoundedQueueTests {
    @Test func everythingComesOutInOrderAndNeverMoreThanTheCapacityWaits() throws {
        let queue = BoundedQueue<Int>(capacity: 3)
        let pushed = Counter()
        let threads = ThreadGroup<Never>(following: StopSignal())
        threads.spawn("pusher") {
            for number in 0..<10_000 where queue.push(number) { pushed.add() }
            queue.close()
        }
        var popped = 0
        while let number = queue.pop() {
            #expect(number == popped)
            popped += 1
            // Three inside, and one push that has its place but is not counted yet.
            #expect(pushed.value <= popped + 3)
        }
        threads.join()
        #expect(popped == 10_000)
        #expect(queue.pop() == nil)
    }

    @Test func severalPushersAndPoppersLoseNothing() throws {
        let queue = BoundedQueue<Int>(capacity: 2)
        let pushers = ThreadGroup<Never>(following: StopSignal())
        let poppers = ThreadGroup<Never>(following: StopSignal())
        let sum = Counter()
        for _ in 0..<3 {
            pushers.spawn("pusher") { for number in 1...1000 { _ = queue.push(number) } }
            poppers.spawn("popper") { while let number = queue.pop() { sum.add(number) } }
        }
        pushers.join()
        queue.close()
        poppers.join()
        #expect(sum.value == 3 * 500_500)
    }

    @Test func aClosedQueueTakesNothingAndStillDelivers() {
        let queue = BoundedQueue<Int>(capacity: 2)
        #expect(queue.push(1))
        queue.close()
        #expect(!queue.push(2))
        #expect(queue.pop() == 1)
        #expect(queue.pop() == nil)
    }

    @Test func anAbandonedQueueFreesAWaitingPusherAndDropsWhatItHolds() {
        let queue = BoundedQueue<Int>(capacity: 1)
        let refused = Counter()
        #expect(queue.push(1))
        let threads = ThreadGroup<Never>(following: StopSignal())
        threads.spawn("pusher") { if !queue.push(2) { refused.add() } }
        queue.abandon()
        threads.join()
        #expect(refused.value == 1)
        #expect(queue.pop() == nil)
    }

    @Test func aStopEndsWaitingOnBothSides() {
        let stop = StopSignal()
        let full = BoundedQueue<Int>(capacity: 1, stop: stop)
        let empty = BoundedQueue<Int>(capacity: 1, stop: stop)
        #expect(full.push(1))
        let ended = Counter()
        let threads = ThreadGroup<Never>(following: stop)
        threads.spawn("pusher") { if !full.push(2) { ended.add() } }
        threads.spawn("popper") { if empty.pop() == nil { ended.add() } }
        stop.stop()
        threads.join()
        #expect(ended.value == 2)
        #expect(full.pop() == nil)
        #expect(!empty.push(1))
    }
}

final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .sequentiallyConsistent) }
    func add(_ number: Int = 1) { count.add(number, ordering: .sequentiallyConsistent) }
}
