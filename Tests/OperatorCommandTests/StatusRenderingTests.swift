import Domain
import Foundation
import Testing
import Wire

@testable import holdfast

@Suite struct StatusRenderingTests {
    private func lines(_ status: StatusView, width: Int? = nil) -> [String] {
        StatusRendering(status: status).lines(Look(width: width, colour: false))
    }

    @Test func whenAllIsWellTheFirstLineSaysSo() throws {
        let lines = lines(Sample.status(databases: [try Sample.database("inventorysync")]))
        #expect(lines[0] == "ALL GOOD   1 of 1 database well · 1 of 1 agent online · 42 good backups, 1.5 GB")
        #expect(lines.contains { $0.hasPrefix("ok     inventorysync  db-01  3 min ago  L0 stored  in 25 min  2.1 GB") })
    }

    @Test func whatIsWrongComesFirst() throws {
        let status = Sample.status(
            databases: [
                try Sample.database("aaa"), try Sample.database("bbb", .waiting, lastGood: nil),
                try Sample.database("ccc", .overdue, lastGood: 9000, lastError: "pg_dump: no"),
            ],
            agents: [Sample.agent("a-well"), Sample.agent("z-gone", .offline)],
            incidents: [
                Sample.incident("a warning", critical: false),
                Sample.incident("ccc on db-01 is overdue", database: "ccc"),
            ],
            findings: ["the disk is nearly full"])
        let lines = lines(status)
        #expect(lines[0].hasPrefix("3 PROBLEMS   "))
        #expect(lines[2] == "CRITICAL  ccc on db-01 is overdue  since 10 min")
        #expect(lines[3] == "          first line")
        #expect(lines[5] == "WARNING   coordinator: the disk is nearly full")
        #expect(lines[6].hasPrefix("WARNING   a warning"))
        let order = ["ccc", "bbb", "aaa"].compactMap { name in lines.firstIndex { $0.contains(" \(name) ") } }
        #expect(order.count == 3 && order == order.sorted())
        let agents = ["z-gone", "a-well"].compactMap { name in lines.firstIndex { $0.contains(name) } }
        #expect(agents == agents.sorted())
    }

    /// A cause is not cut in its middle while there is room below it, and where it is cut that is seen.
    @Test func oneScreenHasAsManyWordsOfTheCauseAsItHasRoom() throws {
        var incident = Sample.incident("ccc on db-01 is overdue", database: "ccc")
        incident.detail = (1...60).map { "word\($0)" }.joined(separator: " ")
        let databases = try (0..<30).map { try Sample.database("d\($0)") }
        let status = Sample.status(databases: databases, incidents: [incident])
        let look = Look(width: 80, colour: false)
        let screen = StatusRendering(status: status, rows: 24).lines(look)
        #expect(screen.count <= 24 && screen.contains { $0.hasSuffix("word60") }, "\(screen)")
        let small = StatusRendering(status: status, rows: 9).lines(look)
        #expect(
            small.count <= 9 && small.contains { $0.hasPrefix("          word") && $0.hasSuffix(" …") }, "\(small)")
        #expect(small.allSatisfy { $0.count <= 80 }, "\(small)")
    }

    @Test func aFleetWhoseAgentsWereAllRevokedIsNotTakenForANewOne() throws {
        var status = Sample.status(databases: [], agents: [Sample.agent("db-01", .revoked)])
        status.totals.agents = 0
        #expect(lines(status)[0].hasPrefix("NO AGENT IS LEFT, ALL WERE REVOKED   "))
        #expect(lines(status).contains { $0.contains("holdfast backup list") })
    }

    @Test func whatTheCoordinatorFindsAboutItselfIsAWarning() throws {
        let status = Sample.status(databases: [try Sample.database("a")], findings: ["no alert channel is configured"])
        let verdict = StatusVerdict(status)
        #expect(verdict.line == "ALL GOOD, 1 WARNING" && verdict.tint == .warning && verdict.problems == 0)
        #expect(lines(status)[1] == "" && lines(status)[2] == "WARNING   coordinator: no alert channel is configured")
    }

    @Test func whatHasNoBackupYetIsNotAllGood() throws {
        let waiting = try Sample.database("new", .waiting, lastGood: nil)
        let verdict = StatusVerdict(Sample.status(databases: [try Sample.database("a"), waiting]))
        #expect(verdict.line == "1 WAITING FOR A FIRST BACKUP" && verdict.tint == .warning && verdict.problems == 0)
    }

    @Test(arguments: [DatabaseState.overdue, .failing, .unprotected])
    func aSickDatabaseCountsOnceWithOrWithoutItsIncident(state: DatabaseState) throws {
        let database = try Sample.database("inventorysync", state)
        let bare = Sample.status(databases: [database])
        let told = Sample.status(databases: [database], incidents: [Sample.incident("it", database: "inventorysync")])
        #expect(StatusVerdict(bare).line == "1 PROBLEM")
        #expect(StatusVerdict(told).line == "1 PROBLEM")
    }

    @Test func anEmptyFleetIsNotAllGood() {
        let empty = Sample.status(databases: [], agents: [])
        #expect(lines(empty)[0].hasPrefix("NOTHING IS BACKED UP YET"))
        #expect(lines(empty).contains { $0.contains("holdfast token create") })
        #expect(lines(Sample.status(databases: []))[0].hasPrefix("NO DATABASE IS DECLARED YET"))
    }

    @Test func resolvedIncidentsAreNoProblem() throws {
        var incident = Sample.incident("over")
        incident.resolvedAt = Sample.now
        let status = Sample.status(databases: [try Sample.database("a")], incidents: [incident])
        #expect(StatusVerdict(status).problems == 0)
        #expect(!lines(status).contains { $0.contains("over  since") })
    }

    @Test func ofAThousandOnlyThoseThatNeedAPersonAreAllShown() throws {
        let well = try (0..<1000).map { try Sample.database("well-\($0)") }
        let sick = try (0..<40).map { try Sample.database("sick-\($0)", .overdue) }
        let lines = lines(Sample.status(databases: well + sick))
        #expect(lines.count { $0.contains("sick-") } == 40)
        #expect(lines.count { $0.contains("well-") } == 30)
        #expect(lines.contains { $0.contains("970 more that are well") })
    }

    /// What waits for a first backup, or misses its objective, is not counted among the well.
    @Test func onlyTheWellAreCountedAsWell() throws {
        let well = try (0..<33).map { try Sample.database("well-\($0)") }
        let others = [
            try Sample.database("waiting", .waiting, lastGood: nil), try Sample.database("late", lastGood: 9000),
            try Sample.database("troubled", problem: "pg_dump is older than the server"),
        ]
        let lines = lines(Sample.status(databases: well + others))
        for database in others { #expect(lines.contains { $0.contains(database.name.rawValue) }) }
        #expect(lines.contains { $0.hasPrefix("… and 3 more that are well") }, "\(lines)")
    }

    @Test func alertsThatDoNotArriveAreAProblem() throws {
        var status = Sample.status(databases: [try Sample.database("a")], findings: ["alerts do not arrive by slack"])
        status.coordinator.failingChannels = ["slack"]
        #expect(StatusVerdict(status).line == "1 PROBLEM" && StatusVerdict(status).tint == .bad)
    }

    @Test func whatSomebodyKnowsOfComesLast() throws {
        var known = Sample.incident("known one", since: 9000)
        known.acknowledgedAt = Sample.now
        let news = Sample.incident("a new one", critical: false)
        let both = lines(Sample.status(databases: [try Sample.database("a")], incidents: [known, news]))
        #expect(both[0].hasPrefix("1 PROBLEM, 1 KNOWN   "))
        #expect(both[2].hasPrefix("WARNING   a new one") && both.contains { $0.hasPrefix("KNOWN     known one") })
        let verdict = StatusVerdict(Sample.status(databases: [try Sample.database("a")], incidents: [known]))
        #expect(verdict.line == "1 KNOWN PROBLEM" && verdict.tint == .warning)
    }

    @Test func aRunAtWorkIsShownAtItsDatabase() throws {
        let run = try Sample.run(.running, phase: "dumping", bytes: 1_200_000_000)
        let lines = lines(
            Sample.status(
                databases: [try Sample.database("inventorysync")], agents: [Sample.agent("db-01", running: [run])]))
        #expect(lines.contains { $0.hasSuffix("now: dumping 1.2 GB") })
    }

    @Test func aHostileNameNeitherBreaksNorWidensTheView() throws {
        let name = "x\u{1b}[2J\n\u{202e}" + String(repeating: "w", count: 40)
        let lines = lines(
            Sample.status(databases: [try Sample.database(name, .failing, lastError: "a\nb\u{7}")]), width: 80)
        #expect(lines.allSatisfy { $0.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control } })
        #expect(lines.dropFirst().allSatisfy { SafeText($0).width <= 80 })
    }
}
