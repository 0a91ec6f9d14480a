import Domain
import Foundation
import Glibc
import Threads

/// Where PostgreSQL's programs are.
struct PostgresTools: Sendable {
    /// From the configuration; then nothing else is looked at.
    let binDirectory: String?

    /// One place with its programs, and which version they are if its name says so.
    struct Place: Equatable {
        var directory: String
        var major: Int?
        func path(_ tool: String) -> String { directory + "/" + tool }
        func has(_ tool: String) -> Bool { access(path(tool), X_OK) == 0 }
    }

    /// Places in ascending order of version, then those of the PATH.
    private var places: [Place] {
        if let binDirectory { return [Place(directory: binDirectory, major: nil)] }
        var packaged: [Place] = []
        for (folder, prefix, suffix) in [("/usr/lib/postgresql", "", "/bin"), ("/usr", "pgsql-", "/bin")] {
            // A folder that is not there holds no tools.
            for entry in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
                guard entry.hasPrefix(prefix), let major = Int(entry.dropFirst(prefix.count)) else { continue }
                packaged.append(Place(directory: "\(folder)/\(entry)\(suffix)", major: major))
            }
        }
        packaged.sort { ($0.major ?? 0) < ($1.major ?? 0) }
        let path = ChildProcess.baseEnvironment["PATH"] ?? ""
        return packaged + path.split(separator: ":").map { Place(directory: String($0), major: nil) }
    }

    /// A psql to ask the server with: the newest, which talks to every server.
    func anyClient() throws(BackupError) -> String { try newest("psql") }

    /// The newest of a tool that reads what the older ones wrote: psql every server, pg_restore every dump.
    func newest(_ tool: String) throws(BackupError) -> String {
        let all = places
        let packaged = all.filter { $0.major != nil }.reversed()
        guard let place = (packaged + all.filter { $0.major == nil }).first(where: { $0.has(tool) }) else {
            throw BackupError(.sourceRefused, "\(tool) was not found\(searched); install the package postgresql-client")
        }
        return place.path(tool)
    }

    /// That psql, and whether it knows `\restrict`, under which it runs no command of its own (CVE-2025-8714).
    func client(stop: StopSignal) async throws(BackupError) -> (path: String, isRestricting: Bool) {
        let path = try anyClient()
        return (path, Self.isRestricting(try await version(of: path, stop: stop)))
    }

    /// Since 13.22, 14.19, 15.14, 16.10 and 17.6.
    static func isRestricting(_ version: String) -> Bool {
        let first = [13: 22, 14: 19, 15: 14, 16: 10, 17: 6]
        let major = major(of: version)
        guard let least = first[major] else { return major > 17 }
        return (version.split(separator: ".").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0)
            >= least
    }

    /// `tool` for a server of this major version: of the same version if it is there, else of the next above. Not simply
    /// the newest: its dumps may use settings that the server, to which they should return, does not know.
    ///
    /// Throws `.sourceRefused`, with what to install, when there is none or only older ones.
    func tool(_ tool: String, forServer major: Int, stop: StopSignal) async throws(BackupError) -> (
        path: String, version: String
    ) {
        var tooOld: String?
        for place in places where place.has(tool) && (place.major ?? Int.max) >= major {
            let version = try await version(of: place.path(tool), stop: stop)
            if Self.major(of: version) >= major { return (place.path(tool), version) }
            tooOld = version
        }
        let wanted = "install the package postgresql-client-\(major)"
        if let tooOld {
            throw BackupError(
                .sourceRefused, "\(tool) \(tooOld) is older than the server, which is \(major); \(wanted)")
        }
        throw BackupError(
            .sourceRefused, "\(tool) for PostgreSQL \(major) or newer was not found\(searched); \(wanted)")
    }

    private var searched: String { binDirectory.map { " in \($0)" } ?? "" }

    /// `15.18` out of `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
    private func version(of path: String, stop: StopSignal) async throws(BackupError) -> String {
        var child = ChildProcess(
            executable: path, arguments: ["--version"], environment: ChildProcess.baseEnvironment)
        child.deadline = .seconds(30)
        let (ending, output) = try await child.collect(limit: 64 << 10, stop: stop)
        let words = String(decoding: output, as: UTF8.self).split(separator: " ")
        guard ending.isSuccess, words.count >= 3 else {
            throw BackupError(.sourceRefused, "\(path) does not say its version: \(ending.standardError)")
        }
        return words[2].trimmingCharacters(in: .whitespacesAndNewlines)
    }

    static func major(of version: String) -> Int { Int(version.prefix { $0.isNumber }) ?? 0 }
}
