import Domain
import Engines
import Foundation
import Synchronization
import TestSupport
import Testing

/// Rows that stand in the dump before those that they need.
@Suite("Rows that need rows further down in the dump", .timeLimit(.minutes(5)))
struct LateRowsTests {
    private static let origins = [RestoreOrigin.own, .trusted]

    /// Restores beside, and expects the same dump of both.
    private func roundTrip(
        _ cluster: PostgresCluster, _ name: String, _ format: ObjectFormat, _ origin: RestoreOrigin,
        isAllOrNothing: Bool = false
    ) async throws {
        let dump = try await cluster.backup(cluster.engine(name, format: format))
        var asked = request(dump, format, target: "\(name)_\(format.rawValue)_\(origin)", origin: origin)
        asked.manner.isAllOrNothing = isAllOrNothing
        let outcome = try await cluster.engine(name, format: format).restore(asked)
        #expect(outcome.failures == [])
        #expect(outcome.checked.contains("match; the rows' digests match"), "\(outcome.checked)")
        #expect(try await cluster.dump(outcome.target) == cluster.dump(name))
    }

    @Test(
        "CHECKs that read other tables, one behind the other, and a trigger and a key that come after all rows",
        arguments: [ObjectFormat.plain, .custom], origins)
    func checks(format: ObjectFormat, origin: RestoreOrigin) async throws {
        let cluster = try SharedCluster.get()
        let name = "waiting_\(format.rawValue)_\(origin)"
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql(
            """
            CREATE TABLE c (i int PRIMARY KEY); CREATE TABLE b (i int); CREATE TABLE a (i int);
            CREATE FUNCTION in_c(int) RETURNS bool LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM public.c WHERE i = $1)';
            CREATE FUNCTION in_b(int) RETURNS bool LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM public.b WHERE i = $1)';
            INSERT INTO c SELECT generate_series(1, 100); INSERT INTO b SELECT i FROM c; INSERT INTO a SELECT i FROM c;
            ALTER TABLE b ADD CHECK (in_c(i)); ALTER TABLE a ADD CHECK (in_b(i));
            ALTER TABLE a ADD FOREIGN KEY (i) REFERENCES c;
            CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.i := NEW.i + 1; RETURN NEW; END';
            CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION more();
            SELECT lo_from_bytea(0, 'large');
            """, database: name)
        try await roundTrip(cluster, name, format, origin, isAllOrNothing: origin == .trusted)
    }

    /// A store, or whoever sits in it, may give other bytes the second time: that shows at the end of those, as the first time.
    @Test(
        "are not taken from bytes that are others when they are read again", arguments: [ObjectFormat.plain, .custom])
    func others(format: ObjectFormat) async throws {
        let cluster = try SharedCluster.get()
        let name = "again_\(format.rawValue)"
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql(
            """
            CREATE TABLE z (i int); INSERT INTO z VALUES (1);
            CREATE FUNCTION in_z(int) RETURNS bool LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM public.z WHERE i = $1)';
            CREATE TABLE a (i int CHECK (in_z(i)), t text); INSERT INTO a VALUES (1, 'as it was');
            """, database: name)
        let dump = try await cluster.backup(cluster.engine(name, format: format))
        var asked = request(dump, format, target: name + "_new")
        let whole = asked.dump
        let reads = Mutex(0)
        asked.dump = { (body) throws(BackupError) in
            try whole(body)
            guard
                reads.withLock({ reads in
                    reads += 1
                    return reads == 1
                })
            else { throw BackupError(.integrity, "the bytes are not those that were stored") }
        }
        let engine = try cluster.engine(name, format: format)
        let found = await failure { [asked] in _ = try await engine.restore(asked) }
        let refused = try #require(found)
        #expect(refused.code == .integrity && refused.message.contains("not those that were stored"), "\(refused)")
        #expect(reads.withLock { $0 } == 2)
        #expect(try await cluster.databases().filter { $0.hasPrefix(name) } == [name])
    }

    @Test(
        "pieces of one table, loaded through the root of its partitions, each once",
        arguments: [ObjectFormat.plain, .custom])
    func pieces(format: ObjectFormat) async throws {
        let cluster = try SharedCluster.get()
        let name = "waiting_root_\(format.rawValue)"
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql(
            """
            CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy', 'wild', 'calm');
            CREATE TABLE z (i int); INSERT INTO z VALUES (0), (1), (2);
            CREATE FUNCTION in_z(int) RETURNS bool LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM public.z WHERE i = $1)';
            CREATE TABLE m (n int, x mood) PARTITION BY HASH (x);
            CREATE TABLE m0 PARTITION OF m FOR VALUES WITH (MODULUS 3, REMAINDER 0);
            CREATE TABLE m1 PARTITION OF m FOR VALUES WITH (MODULUS 3, REMAINDER 1);
            CREATE TABLE m2 PARTITION OF m FOR VALUES WITH (MODULUS 3, REMAINDER 2);
            INSERT INTO m SELECT n, (enum_range(NULL::mood))[1 + n % 5] FROM generate_series(0, 99) n;
            ALTER TABLE m0 ADD CHECK (in_z(n % 3)); ALTER TABLE m1 ADD CHECK (in_z(n % 3));
            """, database: name)
        let engine = try cluster.engine(name, format: format)
        let outcome = try await engine.restore(request(try await cluster.backup(engine), format))
        #expect(outcome.failures == [])
        let rows = "SELECT count(*), count(DISTINCT n) FROM m"
        #expect(try await cluster.sql(rows, database: outcome.target) == "100|100\n")
    }

    @Test(
        "pointcloud's types, whose rows need those of its own table of formats",
        arguments: [ObjectFormat.plain, .custom],
        origins)
    func pointcloud(format: ObjectFormat, origin: RestoreOrigin) async throws {
        let cluster = try SharedCluster.get()
        let name = "points_\(format.rawValue)_\(origin)"
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql(
            """
            CREATE EXTENSION pointcloud;
            INSERT INTO pointcloud_formats (pcid, srid, schema) VALUES (1, 4326, '<?xml version="1.0"?>
              <pc:PointCloudSchema xmlns:pc="http://pointcloud.org/schemas/PC/1.1">
              <pc:dimension><pc:position>1</pc:position><pc:size>4</pc:size><pc:name>X</pc:name>
                <pc:interpretation>int32_t</pc:interpretation></pc:dimension>
              <pc:dimension><pc:position>2</pc:position><pc:size>4</pc:size><pc:name>Y</pc:name>
                <pc:interpretation>int32_t</pc:interpretation></pc:dimension></pc:PointCloudSchema>');
            CREATE TABLE measured (id int, at pcpoint(1));
            INSERT INTO measured SELECT i, PC_MakePoint(1, ARRAY[i, i]) FROM generate_series(1, 50) i;
            CREATE TABLE tiles (p pcpatch(1)); INSERT INTO tiles SELECT PC_Patch(at) FROM measured;
            """, database: name)
        try await roundTrip(cluster, name, format, origin)
    }
}
