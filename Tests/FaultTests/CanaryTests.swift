import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// Secrets that are planted everywhere are found nowhere (P9; fault 117).
@Suite(.timeLimit(.minutes(10))) struct CanaryTests {
    @Test func noSecretIsInLogsArgumentsCatalogManifestsOrErrors() async throws {
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        let s3 = try S3Server()
        defer { s3.stop() }
        try await cluster.sql("CREATE ROLE backup SUPERUSER LOGIN PASSWORD 'CANARY-postgres'; CREATE DATABASE shop")
        try await cluster.sql("CREATE TABLE t AS SELECT generate_series(1, 200000) AS x", database: "shop")
        let coordinator = s3.credentials("coordinator")
        let agentKeys = s3.credentials("agent")
        let fleet = try await Fleet(environment: coordinator)
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) }, offsite: \(s3.destination) }
            policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [local, offsite] } }
            """)
        let url = cluster.url(database: "shop", user: "backup", password: "CANARY-postgres")
        let agent = try await fleet.join(
            "db-01",
            "databases:\n  - { name: shop, url: \"env:DATABASE_URL\" }\n  - { name: wrong, url: \"env:WRONG\" }\nretries: { attempts: 1 }\n",
            environment: agentKeys.merging([
                "DATABASE_URL": url,
                "WRONG": cluster.url(database: "no-such-db", user: "backup", password: "CANARY-postgres"),
            ]) { $1 })
        defer { agent.kill() }
        try agent.start()
        try await eventually("databases are known") {
            try await fleet.list([DatabaseView].self, "database", "list").count == 2 ? true : nil
        }
        let secrets = ["CANARY-postgres", agentKeys["AWS_SECRET_ACCESS_KEY"], coordinator["AWS_SECRET_ACCESS_KEY"]]
            .compactMap(\.self)
        #expect(secrets.count == 3 && secrets.allSatisfy { $0.count > 10 })
        async let output = fleet.run("backup", "create", "--wait")
        var seen = Set<String>()
        for _ in 0..<150 {
            seen.formUnion(commandLines())
            try await Task.sleep(for: .milliseconds(20))  // samples /proc while the tools run
        }
        let said = try await output
        #expect(seen.contains { $0.contains("pg_dump") }, "no pg_dump was seen at work")
        let backup = try #require(try await fleet.list([BackupView].self, "backup", "list").first)
        let restored = try await fleet.run("restore", backup.id.uuidString, "--to", "again")
        #expect(restored.status == 0, "\(restored.error)")
        var texts = [
            "argv": seen.joined(separator: "\n"), "backup create": said.text + said.error,
            "restore": restored.text + restored.error,
        ]
        texts["status"] = try await fleet.holdfast("status", "-o", "json")
        for file in try FileManager.default.subpathsOfDirectory(atPath: fleet.folder.path) {
            let path = fleet.folder.appending(path: file)
            if let bytes = try? Data(contentsOf: path) { texts[file] = String(decoding: bytes, as: UTF8.self) }
        }
        for key in try await s3.keys() {
            texts["metadata of \(key)"] = try await s3.aws("s3api", "head-object", "--bucket", s3.bucket, "--key", key)
        }
        for (place, text) in texts {
            for secret in secrets { #expect(!text.contains(secret), "a secret stands in \(place)") }
        }
        #expect(texts.count > 15)
    }

    private func commandLines() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { Int($0) != nil }.compactMap { pid in
            // A process that has just ended is not there any more.
            guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline"), !bytes.isEmpty else {
                return nil
            }
            return String(decoding: bytes, as: UTF8.self).replacing("\0", with: " ")
        }.filter { $0.contains("pg_dump") || $0.contains("psql") || $0.contains("holdfast") || $0.contains("tar") }
    }
}
