import Domain
import Testing
import Wire

@testable import CoordinatorCore

@Suite struct RunMachineTests {
    typealias Stage = RunMachine.Stage

    @Test func theFirstReportDecidesWhereARunBegins() {
        let expected: [RunEvent: RunState] = [
            .started: .running, .succeeded: .succeeded, .failed: .failed, .cancelled: .cancelled, .skipped: .skipped,
            .missed: .missed,
        ]
        for event in RunEvent.allCases {
            #expect(RunMachine.next(from: nil, on: .report(event, attempt: 2))?.state == expected[event])
        }
        #expect(RunMachine.next(from: nil, on: .silent) == nil)
        #expect(RunMachine.next(from: nil, on: .abandoned) == nil)
    }

    @Test func whatIsTerminalStaysExceptThatALateSuccessWins() {
        for state in RunState.allCases where state.isTerminal {
            let current = Stage(state: state, attempt: 1)
            for event in RunEvent.allCases {
                for attempt in 0...2 {
                    let next = RunMachine.next(from: current, on: .report(event, attempt: attempt))
                    if state != .succeeded, event == .succeeded {
                        #expect(next == Stage(state: .succeeded, attempt: max(1, attempt)))
                    } else {
                        #expect(next == nil, "\(state) \(event) \(attempt)")
                    }
                }
            }
            for input in [RunMachine.Input.heard, .silent, .abandoned] {
                #expect(RunMachine.next(from: current, on: input) == nil)
            }
        }
    }

    @Test func anOpenRunFollowsItsNewestAttempt() {
        for state in [RunState.running, .unknown] {
            let current = Stage(state: state, attempt: 2)
            for event in RunEvent.allCases {
                #expect(RunMachine.next(from: current, on: .report(event, attempt: 1)) == nil)
                let same = RunMachine.next(from: current, on: .report(event, attempt: 2))
                let newer = RunMachine.next(from: current, on: .report(event, attempt: 3))
                #expect(newer?.attempt == 3)
                #expect(newer?.state.isTerminal == (event != .started))
                #expect(same == nil ? state == .running && event == .started : same?.attempt == 2)
            }
        }
    }

    @Test func silenceMakesUnknownAndThenLost() {
        let running = Stage(state: .running, attempt: 1)
        let unknown = Stage(state: .unknown, attempt: 1)
        #expect(RunMachine.next(from: running, on: .silent) == unknown)
        #expect(RunMachine.next(from: unknown, on: .silent) == nil)
        #expect(RunMachine.next(from: unknown, on: .heard) == running)
        #expect(RunMachine.next(from: running, on: .heard) == nil)
        #expect(RunMachine.next(from: unknown, on: .abandoned)?.state == .lost)
        #expect(RunMachine.next(from: running, on: .abandoned)?.state == .lost)
    }
}
