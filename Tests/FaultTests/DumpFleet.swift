import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A fleet that backs PostgreSQL databases up to a directory and to S3, uncompressed, so that a dump of some megabytes is
/// an upload in parts.
struct DumpFleet {
    let cluster: PostgresCluster
    let s3: S3Server
    let fleet: Fleet

    init(bandwidth: String? = nil) async throws {
        cluster = try PostgresCluster()
        s3 = try S3Server()
        fleet = try await Fleet(environment: s3.credentials("coordinator"))
        try await apply(bandwidth: bandwidth)
    }

    func apply(bandwidth: String? = nil) async throws {
        let limit = bandwidth.map { ", bandwidth: \($0) } }" } ?? " } }"
        try await fleet.apply(
            """
            destinations:
              local: { directory: \(fleet.local.path) }
              offsite: \(s3.destination.replacing(" } }", with: limit))
            policies:
              all:
                tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }
                destinations: [local, offsite]
                compression: none
            """)
    }

    /// A database with 50 MB in its first table, which does not fit into the buffers of an upload, and a second one.
    func makeDatabase(_ name: String) async throws {
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql(
            """
            CREATE TABLE a AS SELECT md5(random()::text) AS x FROM generate_series(1, 1500000);
            CREATE TABLE b AS SELECT 1 AS x;
            """, database: name)
    }

    /// Joins and starts a host with these databases, and waits until the coordinator knows them.
    func start(_ databases: [String]) async throws -> FleetAgent {
        let yaml = "retries: { attempts: 1 }\ndatabases:\n" + databases.map { "  - \($0)\n" }.joined()
        let agent = try await fleet.join("db-01", yaml, environment: s3.credentials("agent"))
        try agent.start()
        try await eventually("databases are known") {
            try await fleet.list([DatabaseView].self, "database", "list").count == databases.count ? true : nil
        }
        return agent
    }

    /// An upload has begun, and PostgreSQL waits for its dump to be taken: the run is in the middle of both.
    func isInMidDump() async throws {
        try await eventually("an upload has begun") { try s3.begunUploads().isEmpty ? nil : true }
        try await eventually("the dump waits for the upload") {
            let waiting = try await cluster.sql(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE application_name = 'holdfast' AND query LIKE 'COPY%' AND wait_event = 'ClientWrite'
                """)
            return waiting == "1\n" ? true : nil
        }
    }

    /// How many of our sessions the server has.
    func sessions() async throws -> String {
        try await cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'holdfast'")
    }

    /// Neither destination has anything at all of any backup.
    func expectNothingIsStored(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        #expect(try RegularFiles.below(fleet.local) == [], sourceLocation: sourceLocation)
        #expect(try await s3.keys() == [], sourceLocation: sourceLocation)
        #expect(try await s3.uploads() == 0, sourceLocation: sourceLocation)
        #expect(try await fleet.list([BackupView].self, "backup", "list").isEmpty, sourceLocation: sourceLocation)
        #expect(
            try await fleet.catalog("SELECT id FROM backup UNION SELECT backup FROM copy") == [],
            sourceLocation: sourceLocation)
    }

    func stop() {
        fleet.stop()
        s3.stop()
        cluster.stop()
    }
}
