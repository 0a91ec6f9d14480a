import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// Secrets that are planted everywhere are found nowhere (P9; fault 117).
@Suite(.timeLimit(.minutes(10))) struct CanaryTests {
    @Test func noSecretIsInLogsArgumentsCatalogManifestsAlertsOrErrors() async throws {
        let bench = try await CanaryFleet()
        defer { bench.stop() }
        let (fleet, s3, sinks) = (bench.fleet, bench.s3, bench.sinks)
        let secrets = try bench.secrets()
        #expect(secrets.count == 13 && secrets.values.allSatisfy { $0.count > 10 })

        let watch = ArgumentWatch()
        let created = try await fleet.run("backup", "create", "--wait")
        #expect(created.status != 0, "one of the databases is not there, and one has another password")
        let backups = try await fleet.list([BackupView].self, "backup", "list")
        #expect(backups.map(\.database.rawValue) == ["shop"])
        let backup = try #require(backups.first)
        let id = backup.id.uuidString
        let restored = try await fleet.run("restore", id, "--to", "again")
        #expect(restored.status == 0, "\(restored.error)")
        let object = try #require(backup.objects.first { !$0.name.contains(/_(globals|database)\./) })
        let file = fleet.local.appending(path: "db-01/database-backups/\(object.name)")
        let onTheHost = try await bench.agent.run(["restore", file.path, "--to", "locally"])
        #expect(onTheHost.status == 0, "\(onTheHost.error)")
        for database in ["again", "locally"] {
            let rows = try await bench.cluster.sql("SELECT count(*) FROM t", database: database)
            #expect(rows == "\(CanaryFleet.rows)\n", "\(database)")
        }
        let doctor = try await bench.agent.run(["doctor"])
        #expect(doctor.status == 1)
        #expect(CanaryFleet.failing.allSatisfy { doctor.text.contains("database \($0): ") }, "\(doctor.text)")
        let verified = try await fleet.run("backup", "verify", id)
        #expect(verified.status == 0, "\(verified.error)")
        try await eventually("Slack and the mailbox hear of both failures", within: .seconds(120)) {
            let told = Set(try sinks.posts().filter { $0.answered == 200 }.compactMap { $0.fields["Database"] })
            let mails = try sinks.mails()
            return told.isSuperset(of: CanaryFleet.failing)
                && CanaryFleet.failing.allSatisfy { name in mails.contains { $0.contains("Database: \(name)") } }
                ? true : nil
        }
        let arguments = await watch.end()
        for program in ["pg_dump", "psql", "holdfast-agent", "backup create", "holdfast restore"] {
            #expect(arguments.contains { $0.contains(program) }, "\(program) was not seen at work")
        }

        var texts = ["argv": arguments.joined(separator: "\n")]
        for (name, output) in [
            "backup create": created, "restore": restored, "backup verify": verified,
            "restore on the host": onTheHost, "doctor": doctor,
        ] {
            texts[name] = output.text + output.error
        }
        for command in CanaryFleet.commands + [["backup", "show", id]] {
            for format in ["table", "json"] {
                let output = try await fleet.run(command + ["-o", format], input: "")
                #expect(output.status == 0, "\(command): \(output.error)")
                texts["\(command.joined(separator: " ")) -o \(format)"] = output.text + output.error
            }
        }
        for database in try await fleet.list([DatabaseView].self, "database", "list")
        where CanaryFleet.failing.contains(database.name.rawValue) {
            #expect(database.lastError?.isEmpty == false)
            texts["last error of \(database.name)"] = database.lastError
        }
        texts["Slack"] = try sinks.posts().map(\.text).joined(separator: "\n")
        texts["mail"] = try sinks.mails().joined(separator: "\n")
        for key in try await s3.keys() {
            texts["metadata of \(key)"] = try await s3.aws("s3api", "head-object", "--bucket", s3.bucket, "--key", key)
        }
        // Nobody takes alerts any more: what the libraries say of that must not hold the address or the password.
        sinks.silence()
        let refused = try await fleet.run("alert", "test")
        #expect(refused.status == 1)
        texts["alert test"] = refused.text + refused.error
        for (file, text) in bench.files() { texts[file] = text }

        for place in [
            "coordinator.log", "db-01/agent.log", "coordinator/catalog.sqlite", "config/holdfast/context.json",
        ] {
            #expect(texts[place]?.isEmpty == false, "\(place) was not looked into")
        }
        #expect(texts.keys.contains { $0.hasPrefix("backups/db-01/") && $0.hasSuffix(".json") })
        #expect(texts["db-01/agent.log"]?.contains("no-such-db") == true, "the log says why the run failed")
        for (name, secret) in secrets {
            let forms = CanaryFleet.forms(of: secret)
            let places = texts.filter { text in forms.contains { text.value.contains($0) } }.keys.sorted()
            // The operator's own file is where `init` writes the token; nothing else holds a secret.
            #expect(places == (name.hasPrefix("admin token") ? ["config/holdfast/context.json"] : []), "the \(name)")
        }
    }
}
