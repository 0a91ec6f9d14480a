package import Domain
package import Foundation
import Glibc
package import Threads

/// Named files and folders as one tar, made and read by GNU tar.
///
/// Everything that tar can keep is kept: links, hard links, empty folders, any name, modes, owners by number, ACLs, user
/// attributes of every kind that is visible to us (`trusted.*` is to root alone), holes. Sockets cannot be kept and are left out, and so are
/// device files and what has too long a path; that is told. A file that changes while it is read makes the backup
/// fail (a half-written file is not a backup) with its name, so that another try, a pause of the program or an `exclude`
/// can settle it.
package struct ApplicationEngine: Engine {
    package let name: DatabaseName
    /// Absolute; a link stands for itself and for what it leads to.
    package let paths: [String]
    /// tar's patterns: `*.log` matches at any depth, `/srv/app/cache` there alone.
    package let exclude: [String]
    /// Folder in which restores without a target are made.
    package let restoreBase: URL
    /// GNU tar; nil looks in the usual places.
    package let tar: String?

    /// Throws `.configuration` when there is no path, or one is not absolute.
    package init(
        name: DatabaseName, paths: [String], exclude: [String] = [], restoreBase: URL, tar: String? = nil
    ) throws(BackupError) {
        guard !paths.isEmpty else { throw BackupError(.configuration, "\(name): no paths to back up") }
        for path in paths
        where !path.hasPrefix("/") || path.utf8.contains(0) || path.split(separator: "/").contains("..") {
            throw BackupError(.configuration, "\(name): the path \"\(path)\" must be absolute and without ..")
        }
        for pattern in exclude where pattern.allSatisfy({ $0 == "/" }) || pattern.utf8.contains(0) {
            throw BackupError(.configuration, "\(name): an exclude pattern must be neither empty nor / alone")
        }
        self.name = name
        self.paths = paths
        self.exclude = exclude
        self.restoreBase = restoreBase
        self.tar = tar
    }

    package var kind: DatabaseKind { .application }

    package func examine() async throws -> Examination {
        _ = try members()
        var child = try tarChild(["--version"])
        child.deadline = .seconds(30)
        let (ending, output) = try await child.collect(limit: 64 << 10, stop: StopSignal())
        let firstLine = String(decoding: output, as: UTF8.self).prefix { !$0.isNewline }
        guard ending.isSuccess, firstLine.contains("GNU tar") else {
            throw BackupError(.sourceRefused, "\(child.executable) is not GNU tar; install the package tar")
        }
        let version = firstLine.split(separator: " ").last ?? ""
        return Examination(serverVersion: nil, tool: "tar \(version)", sizeBytes: nil)
    }

    package func rehearse(
        isReadOnly: Bool, now: Date, stop: StopSignal, trace: @escaping RestoreTrace
    ) async throws -> Rehearsal {
        let members = try members()
        let exclude = exclude
        return try await onThread(stop: stop) { () throws(BackupError) in
            let unwanted = try Unwanted(exclude, of: members)
            try Unreadable(members, but: unwanted.exclusion).refuse(name)
            var found = Rehearsal()
            found.notes = unwanted.exclusion.notes + unwanted.leftOut.notes
            if geteuid() != 0 { found.obstacles.append(ApplicationRestore.ownersWords) }
            return found
        }
    }

    package func streams() async throws -> [EngineStream] {
        let members = try members()
        let exclude = exclude
        let unwanted = try await onThread { () throws(BackupError) in try Unwanted(exclude, of: members) }
        return [dumpStream(members, without: unwanted)]
    }

    package func restore(_ request: RestoreRequest) async throws -> RestoreOutcome {
        try await ApplicationRestore(engine: self, request: request).run()
    }

    func tarChild(_ arguments: [String]) throws(BackupError) -> ChildProcess {
        let places = tar.map { [$0] } ?? ["/usr/bin/tar", "/bin/tar", "/usr/local/bin/tar"]
        guard let program = places.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw BackupError(.sourceRefused, "tar was not found; install the package tar")
        }
        return ChildProcess(
            executable: program, arguments: arguments, environment: ChildProcess.baseEnvironment)
    }

    /// What tar calls all that there is.
    static let everything = Array(".".utf8)

    /// What tar is to read, relative to `/`, each once, as bytes: a link may lead to a name that is no text. Throws `.sourceRefused` for a path that is not there: nothing is
    /// left out in silence.
    func members() throws(BackupError) -> [[UInt8]] {
        var all: Set<[UInt8]> = []
        for path in paths {
            guard FileIdentity(ofLink: path) != nil, let real = FileIdentity.realPathBytes(path) else {
                throw BackupError(.sourceRefused, "\(name): there is nothing at \(path)")
            }
            all.insert(Array(path.split(separator: "/").joined(separator: "/").utf8))
            all.insert(Array(real.dropFirst()))
        }
        // What lies under another of them comes with that one; under a link it is in the set by its real path, and beside the
        // link it would be in tar's way.
        let kept = all.filter { member in
            !all.contains { $0 != member && ($0.isEmpty || member.starts(with: $0 + [UInt8(ascii: "/")])) }
        }
        return kept.sorted { $0.lexicographicallyPrecedes($1) }.map { $0.isEmpty ? Self.everything : $0 }
    }
}
