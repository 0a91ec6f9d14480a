import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// Who comes from the older scripts has the variables of their guide, and nothing else: both programs start with them, word for
/// word.
@Suite(.timeLimit(.minutes(3))) struct OlderGuideTests {
    @Test(arguments: OlderGuide.allCases) func itsVariablesStartBothPrograms(_ form: OlderGuide) async throws {
        let variables = try await form.environment()
        #expect(variables.count == 14)
        #expect(variables["BACKUP_NOTIFY_SUCCESS"]?.contains("#") == (form == .systemd))
        let s3 = try S3Server(bucket: "your-backup-bucket")
        defer { s3.stop() }
        let here = ["AWS_ENDPOINT_URL": s3.endpoint, "AWS_CA_BUNDLE": s3.ca]
        let fleet = try await Fleet(
            environment: variables.merging(s3.credentials("coordinator")) { $1 }.merging(here) { $1 })
        defer { fleet.stop() }
        let folder = fleet.folder.appending(path: "db-01")
        let environment = variables.merging(s3.credentials("agent")) { $1 }.merging(["HOME": fleet.folder.path]) { $1 }
        let program = ProgramProcess.built("holdfast-agent")
        let joined = try await ProgramOutput.of(
            program, ["join", fleet.joinString(), "--name", "db-01", "--data-dir", folder.path],
            environment: environment)
        #expect(joined.status == 0, "\(joined.error)")
        let agent = try ProgramProcess(
            program, ["run", "--data-dir", folder.path], environment: environment,
            log: fleet.folder.appending(path: "agent.log"))
        defer { agent.kill() }
        let schedules = try await eventually("the database of DATABASE_URL has its schedules") {
            let all = try await fleet.list([ScheduleView].self, "schedule", "list")
            return all.isEmpty ? nil : all
        }
        #expect(schedules.allSatisfy { $0.database.rawValue == "inventorysync" && $0.agent == "db-01" })
        #expect(Set(schedules.map(\.tier)) == [.hourly, .daily, .weekly, .monthly])
        let stores = try await fleet.run("destination", "show").text
        #expect(stores.contains("your-backup-bucket"), "\(stores)")

        // What was made of them is told where it was not plain.
        let log = try String(contentsOf: fleet.log, encoding: .utf8)
        #expect(log.contains("BACKUP_SMTP_URL is not set: mail goes to localhost:25, without TLS"), "\(log)")
        #expect(
            log.contains("BACKUP_NOTIFY_SUCCESS: what stands behind the # is taken for a comment")
                == (form == .systemd), "\(log)")
        #expect(!log.contains("hooks.slack.com") && !log.contains("user:password"))
        // Nothing is wrong yet: nobody was written to.
        #expect(try await fleet.list([IncidentView].self, "alert", "list", "--all").isEmpty)
    }
}
