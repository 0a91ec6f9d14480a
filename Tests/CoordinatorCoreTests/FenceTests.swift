import Catalog
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// A restart is told from a copy (P12; C1): never a fleet down on a false alarm, never two hosts as one.
@Suite struct FenceTests {
    private static let now = Date(timeIntervalSince1970: 1_772_323_200)

    /// One process of an agent, and the last thing that it was told.
    private final class Process {
        let process: AgentProcess
        var echo: UUID?

        init(generation: Int = 1, instance: UUID = UUID(), host: String = "h") {
            process = AgentProcess(instance: instance, generation: generation, host: host)
        }

        /// Checks in and hears the answer, unless it is lost.
        func talk(_ fence: inout Fence, at second: Int, loses: Bool = false) -> Fence.Standing {
            let uptime = Duration.seconds(second)
            let standing = fence.hear(process, echo: echo, now: FenceTests.now, uptime: uptime)
            let nonce = UUID()
            fence.issue(nonce, to: process.instance)
            if !loses { echo = nonce }
            fence.end(process.instance, answered: !loses, uptime: uptime)
            return standing
        }
    }

    @Test func aRestartIsNoClone() {
        var fence = Fence(AgentProcesses())
        for start in 1...10 {
            let process = Process(generation: start)
            for second in 0..<5 { _ = process.talk(&fence, at: start * 100 + second * 10) }
            #expect(process.talk(&fence, at: start * 100 + 60) == .current)
        }
        #expect(fence.book.heldAt == nil)
    }

    /// The coordinator was away while the host was copied: who comes first is not believed before the other had time to come.
    @Test func aCopyThatComesFirstAfterTheCoordinatorsStartWaits() {
        var before = Fence(AgentProcesses())
        let (original, copy) = (Process(generation: 3), Process(generation: 4, host: "other"))
        _ = original.talk(&before, at: 0)
        var fence = Fence(before.book, uptime: .seconds(1000))
        #expect(copy.talk(&fence, at: 1001) == .waiting)
        #expect(copy.talk(&fence, at: 1060) == .waiting)
        // The other one is heard, and again.
        _ = original.talk(&fence, at: 1070)
        #expect(original.talk(&fence, at: 1120) == .held)
        // A volume that moved, or a snapshot that was restored: nobody else comes.
        var moved = Fence(before.book, uptime: .seconds(1000))
        #expect(copy.talk(&moved, at: 1001) == .waiting)
        #expect(copy.talk(&moved, at: 1151) == .current)
        // A restart on the same host waits for nobody.
        var restarted = Fence(before.book, uptime: .seconds(1000))
        #expect(Process(generation: 4).talk(&restarted, at: 1001) == .current)
    }

    @Test func answersThatWereLostAreNoClone() {
        var fence = Fence(AgentProcesses())
        let process = Process()
        for second in 0..<50 {
            #expect(process.talk(&fence, at: second * 10, loses: second.isMultiple(of: 2)) == .current)
        }
        #expect(fence.book.heldAt == nil)
    }

    @Test func aRequestOfTheOldProcessThatComesLateIsNoClone() {
        var fence = Fence(AgentProcesses())
        let (old, new) = (Process(generation: 1), Process(generation: 2))
        _ = old.talk(&fence, at: 0)
        _ = new.talk(&fence, at: 1)
        // Sent before it ended, delayed on its way: it never hears the answer.
        #expect(old.talk(&fence, at: 2, loses: true) == .suspect)
        #expect(fence.book.heldAt == nil)
        for second in [60, 120, 200, 260] { _ = new.talk(&fence, at: second) }
        #expect(new.talk(&fence, at: 300) == .current)
    }

    @Test func anEarlierProcessThatAnswersAgainIsAClone() {
        var fence = Fence(AgentProcesses())
        let (first, copy) = (Process(generation: 1), Process(generation: 2))
        _ = first.talk(&fence, at: 0)
        _ = copy.talk(&fence, at: 10)
        #expect(first.talk(&fence, at: 20) == .suspect)
        #expect(first.talk(&fence, at: 25) == .held)
        #expect(copy.talk(&fence, at: 30) == .held)
        fence.keep(first.process.instance)
        #expect(first.talk(&fence, at: 40) == .current)
        #expect(copy.talk(&fence, at: 50) == .barred)
        // Whom a person chose against cannot come back by starting again on the same memory only.
        #expect(first.talk(&fence, at: 60) == .current)
    }

    /// A machine that was copied while it ran: both have one instance, and answer to different things.
    @Test func twoWithOneMemoryAreAClone() {
        var fence = Fence(AgentProcesses())
        let first = Process()
        _ = first.talk(&fence, at: 0)
        let copy = Process(instance: first.process.instance)
        copy.echo = first.echo
        _ = first.talk(&fence, at: 10)
        _ = first.talk(&fence, at: 20)
        #expect(copy.talk(&fence, at: 25) == .held)
    }

    @Test func anOlderStateWithoutASecondProcessIsAWarningOnly() {
        var fence = Fence(AgentProcesses())
        _ = Process(generation: 7).talk(&fence, at: 0)
        let restored = Process(generation: 3)
        _ = restored.talk(&fence, at: 100)
        #expect(fence.wasSetBack && fence.book.heldAt == nil)
        #expect(restored.talk(&fence, at: 200) == .current)
    }

    /// Whoever has the key alone does not say which process it is: no agent while the agent itself is there.
    @Test func whoDoesNotSayWhichProcessItIsCountsOnlyWhileTheOtherIsSilent() {
        var fence = Fence(AgentProcesses())
        #expect(!fence.lives(.seconds(0)))
        _ = Process().talk(&fence, at: 10)
        #expect(fence.lives(.seconds(500)))
        #expect(!fence.lives(.seconds(700)), "an agent that was put back to an older release is let in again")
    }

    /// What is known of processes outlives the coordinator's restart.
    @Test func itIsRememberedAcrossARestart() throws {
        var fence = Fence(AgentProcesses())
        let (first, copy) = (Process(generation: 1), Process(generation: 2))
        _ = first.talk(&fence, at: 0)
        _ = copy.talk(&fence, at: 10)
        var again = Fence(fence.book)
        #expect(first.talk(&again, at: 20) == .suspect)
        #expect(first.talk(&again, at: 30) == .held)
    }
}
