import Foundation
import TestSupport

/// A folder with PostgreSQL's real programs but for one, which is missing or something else.
struct FakeTools {
    let folder: URL

    /// `script` stands in for `tool` except when it is asked for its version, `pg_dump` in it for the real one.
    init(_ folder: URL, real: String, replacing tool: String = "pg_dump", with script: String?) throws {
        self.folder = folder
        let files = FileManager.default
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in ["psql", "pg_dump", "pg_dumpall", "pg_restore"] where name != tool {
            try files.createSymbolicLink(
                atPath: folder.appending(path: name).path, withDestinationPath: "\(real)/\(name)")
        }
        guard let script else { return }
        let text = """
            #!/bin/bash
            pg_dump() { \(real)/pg_dump "$@"; }
            case "$*" in *--version*) \(script.contains("--version") ? ":" : "exec \(real)/\(tool) --version") ;; esac
            \(script)

            """
        try Data(text.utf8).write(to: folder.appending(path: tool))
        try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.appending(path: tool).path)
    }
}
