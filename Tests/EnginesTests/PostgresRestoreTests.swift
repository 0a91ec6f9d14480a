import Archive
import Domain
import Engines
import Foundation
import Glibc
import TestSupport
import Testing
import Threads

@Suite("A PostgreSQL restore never harms what is there", .timeLimit(.minutes(6)))
struct PostgresRestoreTests {
    private func database(_ name: String) async throws -> (PostgresCluster, Written) {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql("CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n", database: name)
        return (cluster, try await cluster.backup(try cluster.engine(name)))
    }

    private func names(_ cluster: PostgresCluster, _ prefix: String) async throws -> [String] {
        try await cluster.databases().filter { $0.hasPrefix(prefix) }
    }

    @Test("a new name is given after the check; a taken one is refused")
    func target() async throws {
        let (cluster, dump) = try await database("tgt")
        let engine = try cluster.engine("tgt")
        let outcome = try await engine.restore(request(dump, .plain, target: "tgt_new \"x\""))
        #expect(
            outcome
                == RestoreOutcome(
                    target: "tgt_new \"x\"", keptBeside: nil,
                    checked: "1 table, 1000 rows match; the rows' digests match"))
        #expect(try await cluster.sql("SELECT count(*) FROM t", database: "tgt_new \"x\"") == "1000\n")
        let taken = try #require(await failure { _ = try await engine.restore(request(dump, .plain, target: "tgt")) })
        #expect(taken.code == .exists)
        #expect(try await names(cluster, "tgt") == ["tgt", "tgt_new \"x\""])
    }

    @Test("replacing keeps the old one beside, and is refused while someone is connected")
    func replace() async throws {
        let (cluster, dump) = try await database("repl")
        try await cluster.sql("INSERT INTO t VALUES (-1)", database: "repl")
        let engine = try cluster.engine("repl")
        async let holding = cluster.sql("SET application_name = 'the shop'; SELECT pg_sleep(60)", database: "repl")
        while try await cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'the shop'")
            == "0\n"
        {}
        let busy = try #require(
            await failure {
                var asked = request(dump, .plain, target: "repl", replace: true)
                asked.dump = { (_) throws(BackupError) in throw BackupError(.bug, "loaded before it was asked") }
                _ = try await engine.restore(asked)
            })
        #expect(busy.code == .busy)
        #expect(busy.message.contains("the shop") && busy.message.contains("pg_terminate_backend"))
        #expect(try await names(cluster, "repl") == ["repl"])
        try await cluster.sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'the shop'")
        _ = try? await holding
        let outcome = try await engine.restore(request(dump, .plain, target: "repl", replace: true))
        #expect(outcome.keptBeside == "repl_before_20260115_020000")
        #expect(try await cluster.sql("SELECT min(n) FROM t", database: "repl") == "1\n")
        #expect(try await cluster.sql("SELECT min(n) FROM t", database: "repl_before_20260115_020000") == "-1\n")
    }

    @Test("a database that comes into use while its backup loads stays, and so does what was loaded, under its name")
    func busyAfterLoading() async throws {
        let (cluster, dump) = try await database("late")
        let engine = try cluster.engine("late")
        let (reached, goOn) = (Promise<Bool>(), Promise<Bool>())
        var asked = request(dump, .plain, target: "late", replace: true)
        let whole = asked.dump
        asked.dump = { (sink: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) in
            try whole(sink)
            reached.keep(true)
            _ = goOn.take()
        }
        async let restoring = failure { [asked] in _ = try await engine.restore(asked) }
        _ = await onThread { reached.take() }
        async let holding = cluster.sql("SET application_name = 'late shop'; SELECT pg_sleep(60)", database: "late")
        while try await cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'late shop'")
            == "0\n"
        {}
        goOn.keep(true)
        let busy = try #require(await restoring)
        try await cluster.sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'late shop'")
        _ = try? await holding
        #expect(busy.code == .busy)
        #expect(busy.message.contains("late shop"))
        #expect(busy.message.contains("kept as the database \"late_restoring_20260115_020000\""))
        #expect(try await names(cluster, "late") == ["late", "late_restoring_20260115_020000"])
        #expect(try await cluster.sql("SELECT count(*) FROM t", database: "late_restoring_20260115_020000") == "1000\n")
    }

    @Test("bytes that prove bad at the end leave nothing behind", arguments: [ObjectFormat.plain, .custom])
    func badDigest(format: ObjectFormat) async throws {
        let name = "bad_\(format.rawValue)"
        let (cluster, _) = try await database(name)
        let engine = try cluster.engine(name, format: format)
        let dump = try await cluster.backup(engine)
        let bad = BackupError(.integrity, "the digest differs")
        let error = try #require(
            await failure { _ = try await engine.restore(request(dump, format, target: "bad_new", failing: bad)) })
        #expect(error.message == "the digest differs")
        #expect(try await names(cluster, name) == [name])
    }

    @Test("a finished load that differs is kept beside and told, and never takes the name that was asked for")
    func wrongContent() async throws {
        let (cluster, dump) = try await database("wrong")
        let engine = try cluster.engine("wrong")
        var wrongCount = request(dump, .plain, target: "wrong_new")
        wrongCount.fingerprint?.tables[0].rows = 999
        let count = try #require(await failure { _ = try await engine.restore(wrongCount) })
        #expect(count.code == .integrity)
        #expect(count.message.contains("public.t has 1000 rows after the restore, the dump had 999"))
        let kept = "wrong_restoring_20260115_020000"
        #expect(count.message.contains("kept as the database \"\(kept)\""), "\(count.message)")
        #expect(try await names(cluster, "wrong") == ["wrong", kept])
        #expect(try await cluster.sql("SELECT count(*) FROM t", database: kept) == "1000\n")
        var hostile = request(dump, .plain, at: 1_768_442_500)
        hostile.fingerprint?.tables[0].name = "t; DROP TABLE t"
        #expect(await failure { _ = try await engine.restore(hostile) }?.code == .integrity)
        #expect(try await names(cluster, "wrong") == ["wrong", kept, "wrong_restoring_20260115_020140"])
    }

    /// As many rows, and other ones: a dump that was changed together with its row counts, or a server that writes otherwise.
    @Test("the rows' digests are compared, and a difference is told", arguments: [ObjectFormat.plain, .custom])
    func otherRows(format: ObjectFormat) async throws {
        let name = "digest_\(format.rawValue)"
        let (cluster, _) = try await database(name)
        let engine = try cluster.engine(name, format: format)
        let dump = try await cluster.backup(engine)
        let same = try await engine.restore(request(dump, format, target: name + "_same"))
        #expect(same.checked.contains("1 table, 1000 rows match"), "\(same.checked)")
        #expect(same.checked.contains("the rows' digests match"), "\(same.checked)")
        var other = request(dump, format, target: name + "_other", at: 1_768_442_500)
        other.fingerprint?.tables[0].sha256 = String(repeating: "0", count: 64)
        let told = try await engine.restore(other)
        #expect(told.checked.contains("BUT THE ROWS OF 1 table READ DIFFERENTLY"), "\(told.checked)")
        #expect(try await cluster.sql("SELECT count(*) FROM t", database: told.target) == "1000\n")
        var without = request(dump, format, target: name + "_without", at: 1_768_442_600)
        without.fingerprint = nil
        #expect(try await !engine.restore(without).checked.contains("digest"))
    }

    @Test("what cannot be made is listed, and the rest is there; nothing that lacks something replaces anything")
    func failures() async throws {
        var (cluster, dump) = try await database("lacks")
        let engine = try cluster.engine("lacks")
        let broken = """
            CREATE VIEW public.v AS SELECT * FROM public.nowhere;
            COPY public.nowhere (a) FROM stdin;
            DELETE FROM public.t;
            \\! id
            \\.


            """
        let text = dump.text.replacing(
            "-- PostgreSQL database dump complete", with: "\n\(broken)--\n-- PostgreSQL database dump complete")
        dump.bytes = Array(text.utf8)
        let outcome = try await engine.restore(request(dump, .plain, target: "lacks_new"))
        #expect(outcome.failures.count == 2, "\(outcome.failures)")
        #expect(
            outcome.failures.contains { $0.hasPrefix("CREATE VIEW public.v AS SELECT") && $0.contains("42P01") },
            "\(outcome.failures)")
        #expect(outcome.failures.contains { $0.contains("rows of public.nowhere") })
        // Rows for which there is no table are not run as statements.
        #expect(try await cluster.sql("SELECT count(*) FROM t", database: "lacks_new") == "1000\n")
        let refused = try #require(
            await failure { _ = try await engine.restore(request(dump, .plain, target: "lacks", replace: true)) })
        #expect(refused.code == .integrity && refused.message.contains("nothing was replaced"), "\(refused.message)")
        #expect(try await names(cluster, "lacks") == ["lacks", "lacks_new", "lacks_restoring_20260115_020000"])
    }

    @Test("stopping it, and cancelling its task, leaves nothing behind", arguments: [true, false])
    func stopped(bySignal: Bool) async throws {
        let name = bySignal ? "stp" : "cnc"
        let (cluster, dump) = try await database(name)
        let engine = try cluster.engine(name)
        let stop = StopSignal()
        let (reached, goOn) = (Promise<Bool>(), Promise<Bool>())
        var asked = request(dump, .plain, stop: stop)
        let whole = asked.dump
        asked.dump = { (sink: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) in
            reached.keep(true)
            _ = goOn.take()
            try whole(sink)
            throw BackupError(.cancelled, "the source was stopped")
        }
        let running = Task { [asked] in try await engine.restore(asked) }
        _ = await onThread { reached.take() }
        if bySignal { stop.stop() } else { running.cancel() }
        goOn.keep(true)
        #expect(await failure { _ = try await running.value }?.code == .cancelled)
        #expect(try await names(cluster, name) == [name])
    }

    @Test("passwords are in no command line and no environment while tools run, and no password file is left")
    func canary() async throws {
        let cluster = try SharedCluster.get()
        let secret = "CANARY-\(UInt64.random(in: 0...UInt64.max)):\\ x"
        try await cluster.sql("CREATE ROLE canary LOGIN SUPERUSER PASSWORD '\(secret)'; CREATE DATABASE canary")
        try await cluster.sql(
            "CREATE TABLE t AS SELECT repeat('x', 1000) FROM generate_series(1, 5000)", database: "canary")
        let engine = try PostgresEngine(
            name: DatabaseName("canary"),
            connection: PostgresConnection(parsing: cluster.url(database: "canary", user: "canary", password: secret)))
        #expect(!"\(engine)".contains("CANARY"))
        var described = ""
        Swift.dump(engine, to: &described)
        #expect(!described.contains("CANARY"))
        let stream = try await engine.streams()[2]
        let written = try await write(stream) { count in
            // pg_dump runs at this moment, for it has more to write than was read.
            guard count < 1_000_000 else { return }
            #expect(!processTexts(containing: "pg_dump").isEmpty)
            // However it is quoted; other tests beside this one may have secrets of their own.
            #expect(processTexts(containing: secret.filter(\.isNumber)).isEmpty)
        }
        _ = try written.inspection()
        #expect(!written.text.contains("CANARY"))
        let left = try FileManager.default.contentsOfDirectory(atPath: "/dev/shm").filter { $0.hasPrefix("holdfast-") }
        #expect(left.isEmpty)
    }

    @Test("a cancelled backup leaves no child and no session")
    func cancelledBackup() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE DATABASE cancelled_one")
        try await cluster.sql(
            "CREATE TABLE t AS SELECT repeat('x', 1000) FROM generate_series(1, 20000)", database: "cancelled_one")
        let stream = try await cluster.engine("cancelled_one").streams()[2]
        let (reached, goOn) = (Promise<Bool>(), Promise<Bool>())
        let running = Task {
            try await write(stream) { _ in
                reached.keep(true)
                _ = goOn.take()
                goOn.keep(true)
            }
        }
        _ = await onThread { reached.take() }
        running.cancel()
        let waiting = Task { try await running.value }
        goOn.keep(true)
        #expect((try await waiting.value.failure as? BackupError)?.code == .cancelled)
        #expect(
            processTexts(containing: "PGDATABASE=cancelled_one").isEmpty)
        while try await cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'cancelled_one'") != "0\n" {}
    }
}

/// Command lines and environments of all running processes, of this one's environment aside, that have `text` in them.
private func processTexts(containing text: String) -> [String] {
    var found: [String] = []
    for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
        guard let pid = Int32(entry), pid != getpid() else { continue }
        for file in ["cmdline", "environ"] {
            guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/\(file)") else { continue }
            if String(decoding: bytes, as: UTF8.self).contains(text) { found.append("\(pid) \(file)") }
        }
    }
    return found
}
