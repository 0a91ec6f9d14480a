import Archive
import Domain
import Foundation
import TestSupport
import Wire

/// What a way has left, and what it said.
private struct Attempt {
    let status: Int32
    /// Nil when it says that it left nothing.
    let place: String?
    let words: String
}

extension EveryWay {
    func verify(_ stored: StoredBackup) async throws -> Cell {
        let output = try await fleet.run("backup", "verify", stored.id)
        guard output.status == 0 else { return .bad("verify: \(output.text)\(output.error)") }
        let view = try await fleet.list(BackupDetailView.self, "backup", "show", stored.id).backup
        return view.proof == 2 ? .good("L2") : .bad("verified, and proof is \(view.proof ?? 0)")
    }

    func beside(_ stored: StoredBackup) async throws -> Cell {
        let attempt = try await restore(stored, [])
        return try await judged(attempt, stored, source, below: stored.row.kind == "tree" ? path(stored.row) : "")
    }

    /// On the host that made it, when the source is no longer what it was.
    func replacing(_ stored: StoredBackup) async throws -> Cell {
        let row = stored.row
        try await spoil(row)
        let spoilt = try await truth(row, at: place(row), source)
        let rights = try await rights(row)
        let strip = row.kind == "tree" ? ["--strip", "\(path(row).split(separator: "/").count)"] : []
        let attempt = try await restore(stored, ["--to", place(row), "--force", "--yes"] + strip)
        if attempt.status != 0, attempt.place == nil {
            let changed = try await truth(row, at: place(row), source).differences(from: spoilt)
            guard changed.isEmpty else { return .bad("refused, and changed: \(changed[0].words): \(attempt.words)") }
        }
        let after = try await self.rights(row)
        guard rights == after else { return .bad("the file was \(rights), and is \(after): \(attempt.words)") }
        return try await judged(attempt, stored, source, keeps: true)
    }

    /// Of a SQLite file: what is no content of it, and is not to change by replacing it.
    private func rights(_ row: EveryWayRow) async throws -> String {
        row.kind == "sqlite" ? try await ran("stat", ["-c", "%a %u:%g", path(row)]) : ""
    }

    func otherHost(_ stored: StoredBackup) async throws -> Cell {
        let row = stored.row
        let isTree = row.kind == "tree"
        var arguments = [
            "--agent", "other", "--to", isTree || row.kind == "sqlite" ? path(row, "other") : row.database,
        ]
        if case .postgres(let format, _) = row.subject {
            // Trusted, and as a stranger's.
            arguments += format == "custom" ? ["--globals", "--trust-origin"] : ["--globals"]
        }
        let attempt = try await restore(stored, arguments)
        return try await judged(attempt, stored, elsewhere, below: isTree ? path(row) : "")
    }

    func agentRestore(_ stored: StoredBackup) async throws -> Cell {
        let row = stored.row
        let manifest = try backups(stored).appending(path: name(ofManifest: stored))
        let target = row.kind == "postgres" ? row.database + "_by_agent" : path(row, "by-agent")
        let output = try await home.run(["restore", manifest.path, "--to", target])
        let place = output.text.split(separator: "\n").last.map(String.init)
        let attempt = Attempt(status: output.status, place: place, words: output.error)
        return try await judged(attempt, stored, source, below: row.kind == "tree" ? path(row) : "")
    }

    /// Line by line, in a folder in which nothing but the backup's objects lies.
    func stockLines(_ stored: StoredBackup) async throws -> Cell {
        let row = stored.row
        let work = folder.appending(path: "stock").appending(path: row.entry)
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        for object in stored.detail.manifest.objects {
            try FileManager.default.copyItem(
                at: backups(stored).appending(path: object.name), to: work.appending(path: object.name))
        }
        var words = ""
        // As the manifest has them, and as `backup show` prints them.
        let manifest = stored.detail.manifest
        for line in row.database == row.entry ? manifest.restore : manifest.stockRestoreLines {
            let output = try await ProgramOutput.of(
                "/bin/bash", ["-c", line], environment: stock.clientEnvironment, folder: work)
            words += output.error
            guard output.status == 0 else { return .refused("\(output.status): \(words)") }
        }
        let result = work.appending(path: URL(filePath: path(row)).lastPathComponent + ".restored").path
        let attempt = Attempt(status: 0, place: row.kind == "postgres" ? row.database : result, words: words)
        return try await judged(attempt, stored, stock, below: row.kind == "tree" ? path(row) : "")
    }

    private func backups(_ stored: StoredBackup) throws -> URL {
        let kind = stored.row.kind == "tree" ? "application" : "database"
        return fleet.local.appending(path: "home/\(kind)-backups")
    }

    private func name(ofManifest stored: StoredBackup) throws -> String {
        let object = try stored.detail.manifest.objects.first { $0.role.isContents }.required()
        return object.name.replacing(/\.(sql|dump|db|tar)(\.gz|\.zst)?$/, with: ".json")
    }

    private func restore(_ stored: StoredBackup, _ arguments: [String]) async throws -> Attempt {
        let output = try await fleet.run(["restore", stored.id, "-o", "json"] + arguments, input: "")
        let view = try? JSON.decoder().decode(OperationView.self, from: Data(output.text.utf8))
        let words = [view?.message, view?.failure?.message, output.status == 0 ? nil : output.error]
        return Attempt(
            status: output.status, place: view?.restoredTo, words: words.compactMap(\.self).joined(separator: "; "))
    }

    /// Makes the source something else than what was backed up.
    private func spoil(_ row: EveryWayRow) async throws {
        switch row.subject {
        case .postgres:
            try await source.sql("CREATE TABLE public.after_the_backup (x text)", database: row.database)
            try await source.sql("GRANT CONNECT ON DATABASE \(row.database) TO PUBLIC")
            try await source.sql("ALTER DATABASE \(row.database) CONNECTION LIMIT 9")
        case .sqlite: try await ran("sqlite3", [path(row), "CREATE TABLE after_the_backup (x text)"])
        case .tree:
            try await ran("sh", ["-c", #"cd "$1" && echo x >after-the-backup && chmod 0700 ."#, "sh", path(row)])
        }
    }

    /// Compares what is there with what was backed up, and removes it unless it `keeps` it. A tree lies `below` its folder.
    private func judged(
        _ attempt: Attempt, _ stored: StoredBackup, _ cluster: PostgresCluster, below: String = "", keeps: Bool = false
    ) async throws -> Cell {
        guard let place = attempt.place else {
            return attempt.status == 0 ? .bad("exit 0, and nothing there") : .refused(attempt.words)
        }
        var differences: [Truth.Difference]
        var told = stored.notes
        do {
            let found = try await truth(stored.row, at: place + below, cluster)
            differences = try await stored.truth.differences(from: found)
            // A stranger's: whose things are and what the database is set to is left out, and that is said.
            if let first = differences.first, stored.row.kind == "postgres", attempt.words.contains("--trust-origin") {
                differences = try await stored.truth.differences(from: found, butForOwners: true)
                if differences.isEmpty { differences = [first] }
                told.append(attempt.words)
            }
        } catch {
            return .bad("exit \(attempt.status), and what is there cannot be read: \(error)")
        }
        if !keeps {
            if stored.row.kind == "postgres" {
                try await cluster.sql("DROP DATABASE \"\(place)\" WITH (FORCE)")
            } else {
                try FileManager.default.removeItem(atPath: place)
            }
        }
        if attempt.status == 1 || stored.row.kind != "postgres" { told.append(attempt.words) }
        guard let first = differences.first else {
            return attempt.status == 0 ? .equal : .told("exit \(attempt.status): \(attempt.words)")
        }
        if let silent = differences.first(where: { !isTold($0, stored.row, attempt, told.joined(separator: "\n")) }) {
            let all = differences.prefix(8).map(\.words).joined(separator: "; ")
            return .bad("\(differences.count) differ, nothing told of \(silent.key): \(all); it said: \(attempt.words)")
        }
        return .told("\(differences.count) (\(first.key)): \(told.joined(separator: "; "))")
    }

    /// With these begin the facts that a stranger's backup does not set.
    private static let ofOwners = ["database", "owner", "right", "settings of "]

    /// Of a tree, by its name; of a database, what could not be made is listed, and the exit status says that something is.
    private func isTold(_ difference: Truth.Difference, _ row: EveryWayRow, _ attempt: Attempt, _ told: String) -> Bool
    {
        switch row.kind {
        case "tree": told.contains(difference.key.split(separator: "/").last ?? "")
        case "postgres":
            attempt.status == 1
                || told.contains("--trust-origin") && Self.ofOwners.contains { difference.key.hasPrefix($0) }
        default: false
        }
    }
}
