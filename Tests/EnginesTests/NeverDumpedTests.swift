import Domain
import Foundation
import TestSupport
import Testing
import Threads

@testable import Engines

/// What pg_dump leaves out of an extension's own tables and sequences, so that a restore has it as the extension makes it.
@Suite("What no dump keeps of extensions", .timeLimit(.minutes(5)))
struct NeverDumpedTests {
    @Test("a rehearsal tells what stands in an extension's own tables and sequences, and no dump keeps")
    func neverDumped() async throws {
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        try await cluster.sql("CREATE DATABASE source")
        try await cluster.sql(
            "CREATE EXTENSION postgis; CREATE EXTENSION postgis_topology; CREATE EXTENSION pgq; CREATE EXTENSION periods CASCADE;",
            database: "source")
        let engine = try cluster.engine("source")
        func rehearse() async throws -> Rehearsal {
            try await engine.rehearse(
                isReadOnly: false, now: Date(timeIntervalSince1970: 1_768_442_400), stop: StopSignal())
        }
        #expect(try await rehearse() == Rehearsal())
        try await cluster.sql(
            """
            SELECT topology.CreateTopology('streets', 4326); UPDATE spatial_ref_sys SET proj4text = '' WHERE srid = 4326;
            INSERT INTO spatial_ref_sys VALUES (990001, 'own', 1, 'text', 'proj');
            CREATE TABLE made (i int); ALTER EXTENSION pgq ADD TABLE made;
            """, database: "source")
        let found = try await rehearse()
        #expect(found.notes == [])
        // Later versions of PostGIS keep the sequence.
        let sequence = found.obstacles.filter { $0.contains("setval('topology.topology_id_seq', 1)") }
        let keeps = try await cluster.sql(
            "SELECT 'topology.topology_id_seq'::regclass = ANY (extconfig) FROM pg_extension WHERE extname = 'postgis_topology'",
            database: "source")
        #expect(sequence.count == (keeps == "t\n" ? 0 : 1), "\(found)")
        #expect(
            found.obstacles.contains {
                $0.contains("rows of spatial_ref_sys") || $0.contains("rows of public.spatial_ref_sys")
            })
        #expect(
            found.obstacles.contains { $0.contains("table public.made") && $0.contains("extension pgq") }, "\(found)")
        #expect(found.obstacles.count == sequence.count + 2, "\(found)")
    }
}
