import Daemon
import Domain
import Foundation
import Testing
import Wire

@testable import holdfast

@Suite struct RestoreTests {
    @Test func whoseAgentWasRevokedIsToldWhatCanBeDone() throws {
        let local = try Sample.detail([("stored", "/a/f/", nil), ("stored", "/b/f/", nil), ("damaged", "/c/f/", "x")])
        let words = RestoreChoice.advice(forRevoked: "db-01", local)
        #expect(words.contains("o.json in /a/f/ and o.json in /b/f/:") && words.contains("holdfast-agent restore"))
        #expect(RestoreChoice.advice(forRevoked: "db-02", local).hasSuffix("name another, or leave out --agent"))
        let remote = try Sample.detail([("stored", "/a/f/", nil), ("confirmed", "s3://b/f/", nil)])
        #expect(RestoreChoice.advice(forRevoked: "db-01", remote).hasSuffix("name another with --agent"))
    }

    private func plan(target: String? = nil, replace: Bool = false, skipChecksum: Bool = false) throws -> RestorePlan {
        RestorePlan(
            backup: try Sample.backup(1), agent: nil, target: target, replace: replace, skipChecksum: skipChecksum,
            globals: false)
    }

    @Test func beforeARestoreItIsSaidWhatAndWhere() throws {
        let lines = try plan().lines(now: Sample.now, .plain)
        #expect(lines[0] == "restore     inventorysync from db-01")
        #expect(lines[1] == "data as of  2026-01-15 01:56:00Z, 4 min ago")
        #expect(!lines.contains { $0.hasPrefix("mind") })
        #expect(lines.contains("to          a new database inventorysync_restored_TIME"))
        #expect(!lines.contains { $0.contains("REPLACED") || $0.contains("WARNING") })
    }

    /// What was planned for 13:30 and made at 13:34 has what was there at 13:34.
    @Test func aNameThatIsNotThatOfTheDataIsToldBeforeARestore() throws {
        var backup = try Sample.backup(1)
        func mind(_ seconds: Double) -> String? {
            backup.snapshotAt = backup.nominalAt.addingTimeInterval(seconds)
            backup.recordedAt = Sample.now.addingTimeInterval(3600)
            return RestorePlan(
                backup: backup, agent: nil, target: nil, replace: false, skipChecksum: false, globals: false
            ).lines(now: Sample.now, .plain).first { $0.hasPrefix("mind") }
        }
        #expect(mind(250) == "mind        named 2026-01-15 01:56:00Z: its data is 4 min newer than its name")
        #expect(mind(-3600)?.hasSuffix("its data is 1 h older than its name") == true)
        #expect(mind(59) == nil && mind(-59) == nil)
    }

    @Test func filesAreSaidToGoWhereTheAgentPutsThem() throws {
        var backup = try Sample.backup(1, "settings")
        backup.kind = .application
        func lines(_ target: String?) -> [String] {
            RestorePlan(
                backup: backup, agent: nil, target: target, replace: target != nil, skipChecksum: false, globals: false
            ).lines(now: Sample.now, .plain)
        }
        #expect(
            lines(nil).contains(
                "to          a new folder restored/settings_restored_TIME in the agent's data directory"))
        #expect(
            lines("/etc/app").last
                == "Files keep their whole path below it: what was /etc/app becomes /etc/app/etc/app (--strip drops folders)."
        )
    }

    @Test func whatIsPickedAloneTakesThePlaceOfAFolder() throws {
        var plan = RestorePlan(
            backup: try Sample.backup(1), agent: nil, target: "/etc/app", replace: true, skipChecksum: false,
            globals: false)
        #expect(
            plan.lines(now: Sample.now, .plain).contains(
                "existing    WILL BE REPLACED if it is there, and kept beside; else it is made"))
        (plan.paths, plan.strip) = (["/etc/app/a", "/etc/app/b"], 2)
        let lines = plan.lines(now: Sample.now, .plain)
        #expect(
            lines.contains(
                "existing    WILL BE REPLACED BY WHAT IS PICKED ALONE if it is there, and kept beside; else it is made")
        )
        #expect(lines.contains("only        /etc/app/a, /etc/app/b"))
        #expect(plan.options.paths == plan.paths && plan.options.strip == 2)
    }

    @Test func theWaitForTheEndIsShortAndGrowsWithTheRun() {
        #expect(Follow.pause(after: 0, asking: 1) == .milliseconds(200))
        #expect(Follow.pause(after: 15, asking: 1) == .milliseconds(200))
        #expect(Follow.pause(after: 50, asking: 1) == .milliseconds(500))
        #expect(Follow.pause(after: 7200, asking: 1) == .seconds(1))
        #expect(Follow.pause(after: 0, asking: 10_000) == .seconds(1))
    }

    @Test func replacingAndSkippingAreLoud() throws {
        let lines = try plan(target: "inventorysync", replace: true, skipChecksum: true).lines(now: Sample.now, .plain)
        #expect(lines[0].hasPrefix("WARNING: --skip-checksum"))
        #expect(lines.contains { $0.contains("WILL BE REPLACED") })
    }

    @Test func optionsAreHandedOn() throws {
        let options = try plan(target: "x", replace: true, skipChecksum: true).options
        #expect(
            options == RestoreOptions(target: "x", replace: true, skipChecksum: true, withGlobals: false, tables: []))
    }

    @Test func whatIsToBeDoneAboutWhatCannotBeMadeIsSaidAndHandedOn() throws {
        var plan = try plan(replace: true)
        #expect(plan.options.manner == nil)
        plan.manner = RestoreManner(exitOnError: true, replaceIncomplete: true, intoOriginalName: true)
        #expect(plan.options.manner == plan.manner)
        let lines = plan.lines(now: Sample.now, .plain)
        #expect(lines.contains { $0.hasPrefix("to ") && $0.hasSuffix("its original name, from the beginning") })
        #expect(lines.contains { $0.contains("MAY REPLACE IT, TOO") })
        #expect(lines.contains { $0.contains("nothing is restored") })
    }

    private static let ends: [(OperationState, String?, Int32)] = [
        (.succeeded, nil, 0), (.failed, "integrity", 3), (.failed, "exists", 4), (.failed, "notFound", 5),
        (.failed, "somethingNew", 1), (.failed, nil, 1), (.expired, nil, 6),
    ]

    @Test(arguments: ends) func theExitStatusSaysWhy(state: OperationState, code: String?, status: Int32) {
        #expect(OperationEnd.status(operation(state, code)).rawValue == status)
    }

    @Test func ofSeveralEndsDamageWins() {
        let all = Self.ends.map { OperationEnd.status(operation($0.0, $0.1)) }
        #expect(all.max { OperationEnd.rank($0) < OperationEnd.rank($1) }?.rawValue == 3)
    }

    private func operation(_ state: OperationState, _ code: String?) -> OperationView {
        OperationView(
            id: Sample.id(1), kind: "restore", state: state, bytes: 0, startedAt: Sample.now,
            failure: code.map { Failure(code: $0, message: "m") })
    }

    private static let reports: [([RunState], [String], Bool, Bool)] = [
        ([.succeeded], [], true, true), ([.succeeded, .failed], [], true, false), ([.succeeded], ["x"], true, false),
        ([], [], true, false), ([.running], [], false, true), ([.running], ["x"], false, false), ([], [], false, false),
        ([.lost], [], true, false), ([.skipped], [], true, false),
    ]

    @Test(arguments: reports)
    func aReportIsASuccessOnlyWhenAllSucceeded(_ row: ([RunState], [String], Bool, Bool)) throws {
        let (states, skipped, waited, success) = row
        let runs = try states.map { try Sample.run($0) }
        #expect(
            BackupReport(requestedAt: Sample.now, runs: runs, skipped: skipped).isSuccess(waited: waited) == success)
    }
}
