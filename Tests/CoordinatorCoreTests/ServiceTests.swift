import Domain
import Foundation
import Synchronization
import Testing
import Wire

@testable import CoordinatorCore

@Suite(.timeLimit(.minutes(1)))
struct ServiceTests {
    @Test func aRoundComesAtOnceAtEveryRingAndAfterAFailure() async throws {
        let line = Bells.Line()
        let (rounds, tell) = AsyncStream<Int>.makeStream()
        let count = Mutex(0)
        let service = RoundsService(name: "test", interval: .seconds(3600), line: line, logger: Bench.quiet) {
            () throws(BackupError) in
            let number = count.withLock { count in
                count += 1
                return count
            }
            tell.yield(number)
            if number == 1 { throw BackupError(.storageUnavailable, "on purpose") }
        }
        let task = Task { try await service.run() }
        var seen: [Int] = []
        for await number in rounds {
            seen.append(number)
            if number == 3 { break }
            line.ring.yield()
        }
        #expect(seen == [1, 2, 3])
        task.cancel()
        try await task.value
    }

    @Test func theEndOfTheCoordinatorAnswersWhoWaits() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        async let held = agent.checkIn(revision: 1, wait: 50)
        let services = bench.coordinator.services()
        #expect(services.count == 11)
        bench.coordinator.presence.close()
        #expect(try await held.plan == nil)
    }

    @Test func theSpreadIsFixedWithinFiveMinutesAndAbsentForOne() throws {
        let fleet = try DefaultFleet.configuration([:])
        let policy = try #require(fleet.policies.first)
        let agents = (0..<200).map { _ in UUID() }
        let many = PlanResolver(configuration: fleet, isFleet: true)
        let spreads = agents.map { many.spread(policy, agent: $0) }
        #expect(spreads == agents.map { many.spread(policy, agent: $0) })
        #expect(spreads.allSatisfy { (0...300).contains($0) })
        #expect(Set(spreads).count > 50)
        let single = PlanResolver(configuration: fleet, isFleet: false)
        #expect(agents.allSatisfy { single.spread(policy, agent: $0) == 0 })
    }
}
