import Archive
import Domain
import Glibc
import Threads

/// The one object of an application backup.
extension ApplicationEngine {
    func dumpStream(_ members: [[UInt8]], without unwanted: Unwanted) -> EngineStream {
        EngineStream(
            role: .archive, format: .tar, makeInspector: { TarInspector() },
            write: { [self] descriptor, stop in
                let output = Descriptor(adopting: descriptor)
                defer { output.close() }
                try await write(members, without: unwanted, to: output, stop)
            },
            stockRestore: .folder(name.pathComponent + ".restored"),
            notes: unwanted.exclusion.notes + unwanted.leftOut.notes)
    }

    /// What is not to be in the archive.
    struct Unwanted: Sendable {
        let exclusion: Exclusion
        let leftOut: LeftOut

        /// Blocks.
        init(_ exclude: [String], of members: [[UInt8]]) throws(BackupError) {
            exclusion = Exclusion(exclude, of: members)
            leftOut = try LeftOut(of: members, but: exclusion)
        }

        /// A file that names it for tar's `--exclude-from`, read with `--anchored --wildcards`: its patterns are bytes.
        func file(below prefix: [UInt8]) throws(BackupError) -> UnnamedFile {
            let lines = exclusion.lines(below: prefix) + leftOut.lines(below: prefix)
            return try UnnamedFile(lines.reduce(into: []) { $0 += $1 + [UInt8(ascii: "\n")] })
        }
    }

    /// Names go through tar's input, ended by NUL, so that no name can be an option or be cut by a newline. tar works in
    /// `/`, so that members are stored without a leading slash and links within stay as they are; `./`, which stands before all names
    /// when everything is stored, is taken away.
    private func write(
        _ members: [[UInt8]], without unwanted: Unwanted, to output: Descriptor, _ stop: StopSignal
    ) async throws(BackupError) {
        let list = members.reduce(into: [UInt8]()) { $0 += $1 + [0] }
        let file = try unwanted.file(below: members == [Self.everything] ? Array("./".utf8) : [])
        defer { withExtendedLifetime(file) {} }
        let excluding =
            unwanted.exclusion.arguments + ["--anchored", "--wildcards", "--exclude-from=\(file.path)"]
            + ["--transform=flags=rh;s,^\\./\\(.\\),\\1,"]
        let child = try tarChild(
            [
                "--create", "--file=-", "--format=posix", "--pax-option=delete=atime,delete=ctime", "--numeric-owner",
                "--sparse", "--acls", "--xattrs", "--directory=/",
            ] + excluding + ["--null", "--verbatim-files-from", "--files-from=-"])
        let names = try Descriptor.pipe()
        async let writing: Void = onThread {
            withoutBrokenPipeSignal {
                // A tar that does not read its list says why by its exit status.
                list.withUnsafeBytes { try? names.writer.write($0) }
                names.writer.close()
            }
        }
        let ended: Result<ChildProcess.Ending, BackupError>
        do throws(BackupError) {
            ended = .success(try await child.run(input: names.reader, output: output, stop: stop))
        } catch {
            ended = .failure(error)
        }
        await writing
        let ending = try ended.get()
        switch ending.status {
        case .exited(0): return
        case .exited(1):
            throw BackupError(
                .sourceUnavailable,
                "files of \(name) changed while they were read; exclude them or pause the program: \(ending.standardError)"
            )
        case .exited(let code):
            throw BackupError(.sourceRefused, "tar of \(name): exit status \(code): \(ending.standardError)")
        case .killed(let signal):
            throw BackupError(.sourceUnavailable, "tar of \(name): killed by signal \(signal): \(ending.standardError)")
        }
    }
}
