import Testing
import Threads

@Suite(.timeLimit(.minutes(1)))
struct ThreadGroupTests {
    struct Fault: Error, Equatable { let number: Int }

    @Test func joinWaitsForAll() throws {
        let threads = ThreadGroup<Fault>(following: StopSignal())
        let done = Counter()
        for _ in 0..<20 { threads.spawn("adder") { done.add() } }
        try threads.join()
        #expect(done.value == 20)
    }

    @Test func theFirstErrorStopsTheOthersAndIsThrown() throws {
        let outer = StopSignal()
        let threads = ThreadGroup<Fault>(following: outer)
        let queue = BoundedQueue<Int>(capacity: 1, stop: threads.stop)
        threads.spawn("waiter") { () throws(Fault) in
            // Ends by the other's error only, and then has one too.
            if queue.pop() == nil { throw Fault(number: 2) }
        }
        threads.spawn("thrower") { () throws(Fault) in throw Fault(number: 1) }
        let error = #expect(throws: Fault.self) { try threads.join() }
        #expect(error == Fault(number: 1))
        #expect(threads.stop.isStopped)
        #expect(!outer.isStopped)
    }

    @Test func aStopFromOutsideReachesTheThreads() throws {
        let outer = StopSignal()
        let threads = ThreadGroup<Fault>(following: outer)
        let queue = BoundedQueue<Int>(capacity: 1, stop: threads.stop)
        threads.spawn("waiter") { _ = queue.pop() }
        outer.stop()
        try threads.join()
    }

    @Test func aPromiseIsKeptOnceAndTakenOnce() {
        let promise = Promise<Int>()
        let threads = ThreadGroup<Never>(following: StopSignal())
        threads.spawn("keeper") {
            promise.keep(1)
            promise.keep(2)
        }
        #expect(promise.take() == 1)
        threads.join()
        let stop = StopSignal()
        stop.stop()
        #expect(Promise<Int>().take(stop: stop) == nil)
        #expect(Promise(5).take() == 5)
    }

    @Test func workOnAThreadOfItsOwnGivesItsValueOrItsError() async throws {
        #expect(await onThread { 7 } == 7)
        let error = await #expect(throws: Fault.self) {
            try await onThread { () throws(Fault) -> Int in throw Fault(number: 3) }
        }
        #expect(error == Fault(number: 3))
    }
}
