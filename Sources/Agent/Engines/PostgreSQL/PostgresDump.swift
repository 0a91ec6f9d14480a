import Archive
import Domain
import Threads

/// The objects of a PostgreSQL backup.
extension PostgresEngine {
    /// With `isEmpty` without the data.
    func dumpStream(
        _ facts: PostgresFacts, _ session: PostgresSession, isEmpty: Bool = false
    ) async throws(BackupError) -> EngineStream {
        let dumper = try await session.tools.tool("pg_dump", forServer: facts.major, stop: session.stop)
        var arguments = [
            // The database's own: what is set for our role must not change the dump.
            "--format=\(format.rawValue)", "--no-password", "--encoding=\(facts.encoding)",
            "--lock-wait-timeout=\(lockTimeout.components.seconds * 1000)",
        ]
        // Subscriptions would have the server refuse to drop what is made of it.
        if isEmpty { arguments += ["--schema-only"] + (facts.isSuperuser ? ["--no-subscriptions"] : []) }
        let tools = session.tools
        let major = facts.major
        var makeInspector: @Sendable () throws(BackupError) -> any Inspector = { PlainDumpInspector() }
        if format == .custom {
            // Compressing is the chain's work, with more than one core.
            arguments.append("--compress=0")
            let reader = try await tools.tool("pg_restore", forServer: major, stop: session.stop)
            makeInspector = { () throws(BackupError) in try CustomDumpInspector(pgRestore: reader.path) }
        }
        var settings: Set<String>?
        if format == .plain, PostgresTools.major(of: dumper.version) > major {
            settings = try await PostgresFacts.settings(session, database)
        }
        let warnings = ToolWarnings()
        var stream = EngineStream(
            role: .dump, format: format, makeInspector: makeInspector,
            write: writer(dumper.path, arguments, doing: "pg_dump of \(database)", settings: settings, warnings),
            stockRestore: format == .custom ? .custom(database: database) : .plain(database: database))
        stream.laterNotes = { warnings.words }
        return stream
    }

    func globalsStream(_ facts: PostgresFacts, _ session: PostgresSession) async throws(BackupError) -> EngineStream {
        let dumper = try await session.tools.tool("pg_dumpall", forServer: facts.major, stop: session.stop)
        var arguments = [
            "--globals-only", "--no-password", "--lock-wait-timeout=\(lockTimeout.components.seconds * 1000)",
            // By the database itself: the role may have a right to no other.
            "--database=\(SQLText.connectionWord(database))",
        ]
        // Roles are the whole server's, and are compared with those that are there in one encoding. Since 12.
        if facts.major >= 12 { arguments.append("--encoding=UTF8") }
        if !facts.readsPasswords { arguments.append("--no-role-passwords") }
        let warnings = ToolWarnings()
        var stream = EngineStream(
            role: .globals, format: .plain, makeInspector: { PlainDumpInspector(expecting: .cluster) },
            write: writer(
                dumper.path, arguments, doing: "pg_dumpall of the roles and tablespaces", pinnedFor: facts.major,
                warnings),
            stockRestore: .globals)
        stream.laterNotes = { warnings.words }
        return stream
    }

    func propertiesStream(
        _ properties: DatabaseProperties, _ facts: PostgresFacts
    ) throws(BackupError) -> EngineStream {
        let script = Array(try properties.script(for: database, major: facts.major).utf8)
        var stream = EngineStream(
            role: .database, format: .plain, makeInspector: { PlainDumpInspector(expecting: .properties) },
            write: { descriptor, stop in
                let output = Descriptor(adopting: descriptor)
                defer { output.close() }
                try await onThread(stop: stop) { () throws(BackupError) in
                    try withoutBrokenPipeSignal { () throws(BackupError) in
                        do {
                            try script.withUnsafeBytes { try output.write($0) }
                        } catch {
                            throw BackupError(.cancelled, "writing the database's properties", cause: error)
                        }
                    }
                }
            },
            stockRestore: .properties)
        stream.properties = properties
        return stream
    }

    /// Runs a tool whose output is the object. The descriptor is closed last, when it is known how the tool ended. A dump by a
    /// tool that is newer than the server is left with the server's own `settings`.
    private func writer(
        _ executable: String, _ arguments: [String], doing: String, pinnedFor major: Int? = nil,
        settings: Set<String>? = nil, _ warnings: ToolWarnings
    ) -> @Sendable (Int32, StopSignal) async throws -> Void {
        { [self] descriptor, stop in
            let output = Descriptor(adopting: descriptor)
            defer { output.close() }
            let session = try session(stop: stop)
            let child = session.child(executable, arguments, database: database, pinnedFor: major)
            let ending =
                if let settings {
                    try await Self.run(child, PreambleFilter(knowing: settings), output, stop)
                } else {
                    try await child.run(output: output, stop: stop)
                }
            guard ending.isSuccess else { throw PostgresFailure.error(doing: doing, ending) }
            warnings.take(ending.standardError)
        }
    }

    private static func run(
        _ child: ChildProcess, _ filter: PreambleFilter, _ output: Descriptor, _ stop: StopSignal
    ) async throws(BackupError) -> ChildProcess.Ending {
        let pipe = try Descriptor.pipe()
        let ended = StopSignal()
        async let copied: Result<Void, BackupError> = onThread {
            var filter = filter
            let write = { (bytes: UnsafeRawBufferPointer) throws(BackupError) in
                do { try withoutBrokenPipeSignal { try output.write(bytes) } } catch {
                    throw BackupError(.cancelled, "nobody reads the dump any more", cause: error)
                }
            }
            do throws(BackupError) {
                try pipe.reader.readToEnd(abandoned: { ended.isStopped }) { (piece) throws(BackupError) in
                    try filter.take(piece, write)
                }
                try filter.finish(write)
                return .success(())
            } catch {
                pipe.reader.close()
                return .failure(error)
            }
        }
        let result: Result<ChildProcess.Ending, BackupError>
        do throws(BackupError) { result = .success(try await child.run(output: pipe.writer, stop: stop)) } catch {
            result = .failure(error)
        }
        ended.stop()
        let copy = await copied
        let ending = try result.get()
        if ending.isSuccess { try copy.get() }
        return ending
    }
}
