import Domain
import Foundation
import Testing
import Wire

@testable import AgentCore

@Suite struct FactsBoardTests {
    private func fact(_ name: String) throws -> DatabaseFacts {
        DatabaseFacts(
            name: try DatabaseName(name), kind: .sqlite, labels: [:], serverVersion: nil, tool: nil, sizeBytes: nil,
            problem: nil)
    }

    @Test func whatIsDeclaredIsToldOnceAndThatNothingIsAnyMoreToo() async throws {
        let board = FactsBoard()
        #expect(await board.news == nil)
        let one = [try fact("inventory")]
        await board.replace(one)
        #expect(await board.news == one)
        await board.wasTold(one)
        #expect(await board.news == nil)
        await board.replace([])
        #expect(await board.news == [])
        await board.wasTold([])
        #expect(await board.news == nil)
    }

    /// What was in the way of a backup is over when there is one: nobody waits an hour to see that.
    @Test func aBackupOfWhatHadAProblemIsALookAgain() async throws {
        let board = FactsBoard()
        var bad = try fact("inventory")
        bad.problem = "password authentication failed"
        await board.replace([bad, try fact("other")])
        await board.backedUp(try DatabaseName("other"))
        #expect(await board.takeWanted() == false)
        await board.backedUp(try DatabaseName("inventory"))
        #expect(await board.takeWanted())
        #expect(await board.takeWanted() == false, "once")
    }
}
