import Catalog
import Domain
import Foundation
import Logging
import Storage
import Threads
import Wire

// Every folder that holds copies is listed and compared with the catalog, both ways: what is not there is looked for by name,
// and is missing when it is not found; what the catalog does not know is told. Nothing is deleted by it, here or there.
extension Coordinator {
    /// How many folders are compared at the same time: one that takes its time keeps few of the others waiting.
    private static let foldersAtOnce = 4

    /// Compares every folder whose time has come. A listing that fails or breaks off says nothing, and is tried again; one that
    /// succeeds for none in a day is told.
    func compareFolders() async throws(BackupError) {
        let folders = try await catalog.read { try $0.copyFolders() }
        var due = folders.filter { looked.isDue($0, now: world.now()) }.makeIterator()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.foldersAtOnce {
                guard let folder = due.next() else { break }
                group.addTask { await self.compareAndNote(folder) }
            }
            while await group.next() != nil {
                guard !Task.isCancelled, let folder = due.next() else { continue }
                group.addTask { await self.compareAndNote(folder) }
            }
        }
        try await tellStrays()
        try await tellUnlooked(folders)
    }

    private func compareAndNote(_ folder: CopyFolder) async {
        do throws(BackupError) {
            try await compare(folder)
            looked.note(folder, now: world.now())
        } catch {
            guard error.code != .cancelled else { return }
            looked.note(folder, failure: error.message)
            logger.warning(
                "a folder could not be compared with the catalog",
                metadata: ["place": "\(folder.place.name)", "folder": "\(folder.folder)", "error": "\(error)"])
        }
    }

    /// One incident for each agent and place that nobody could look at for a day: what lies there is only believed. A host that is
    /// offline is told as that.
    private func tellUnlooked(_ folders: [CopyFolder]) async throws(BackupError) {
        let (now, channels, looked) = (world.now(), fleet.alerts.channels, looked)
        let unlooked = folders.filter { looked.isStale($0, since: startedAt, now: now) }
        let reach = reach()
        try await catalog.write { update in
            var told: Set<String> = []
            for folder in unlooked {
                guard let agent = try update.agent(folder.agent) else { continue }
                if folder.place.directory != nil, reach.obstacle(agent) != nil { continue }
                told.insert(IncidentKey.unlooked(agent.id, folder.place.name))
                try update.open(
                    .unlooked(agent, folder, looked.failure(folder)), channels: channels, at: now)
            }
            for key in try update.openIncidentKeys(kind: IncidentKind.unlooked) where !told.contains(key) {
                try update.recover(key, at: now)
            }
        }
    }

    private func compare(_ folder: CopyFolder) async throws(BackupError) {
        let now = world.now()
        // What was only just recorded may have been stored while this was listed.
        let expected = try await catalog.read { try $0.expectedObjects(in: folder, recordedBefore: now) }
        let place = current(folder.place)
        let comparison: FolderComparison
        if let s3 = place.s3 {
            let openS3 = world.openS3
            comparison = try await onThread { () throws(BackupError) in
                var comparison = FolderComparison(expected, in: folder.folder)
                try openS3(s3).visit(prefix: folder.folder) { comparison.take($0) }
                return comparison
            }
        } else if let directory = place.directory {
            guard let agent = try await catalog.read({ try $0.agent(folder.agent) }) else { return }
            comparison = try await listing(directory, of: agent, in: folder, expected)
        } else {
            return
        }
        try await note(comparison, folder, at: now)
    }

    /// By the agent, a portion at a time.
    private func listing(
        _ directory: Destination.Directory, of agent: AgentRecord, in folder: CopyFolder,
        _ expected: [String: ExpectedObject]
    ) async throws(BackupError) -> FolderComparison {
        var comparison = FolderComparison(expected, in: folder.folder)
        var after: String?
        // A host that goes on telling must not keep the round from the others.
        let end = world.uptime() + .seconds(300)
        while world.uptime() < end {
            let answer = try await ask(agent, directory, folder.folder, names: nil, after: after)
            comparison.take(answer.files.map { ObjectFacts(key: folder.folder + $0.name, bytes: $0.bytes, etag: "") })
            guard answer.goesOn, let last = answer.files.last?.name else { return comparison }
            if let after, last <= after { throw BackupError(.storageUnavailable, "the listing does not go on") }
            after = last
        }
        throw BackupError(
            .storageUnavailable, "the listing of \(folder.folder) on \(agent.name) does not come to its end")
    }

    private func note(_ comparison: FolderComparison, _ folder: CopyFolder, at now: Date) async throws(BackupError) {
        let seen = comparison.seen.map { ($0.key, folder.place.s3 == nil ? CopyEvidence.agent : $0.value) }
        // In portions, so that no other writer waits long.
        for start in stride(from: 0, to: seen.count, by: 500) {
            let portion = seen[start..<min(start + 500, seen.count)]
            try await catalog.write { update in
                for (copy, evidence) in portion {
                    try update.noteSeenAgain(evidence, backup: copy.backup, destination: copy.destination, at: now)
                }
            }
        }
        let doubtful = comparison.suspects.union(comparison.absent)
        if !doubtful.isEmpty {
            // The newest first: they are what a restore would be made of.
            let order = try await catalog.read { view in
                try Set(doubtful.map(\.backup)).compactMap { try view.backup($0) }.sorted {
                    $0.recordedAt > $1.recordedAt
                }
            }
            try await lookNow(at: order.map(\.id))
        }
        let names = Array(comparison.unknown.keys)
        let unknown = try await catalog.read { try $0.unknownNames(names, in: folder) }
        let strays = unknown.map { name in
            Stray(
                place: folder.place, agent: folder.agent, key: folder.folder + name,
                isManifest: name.hasSuffix(".json"), bytes: comparison.unknown[name] ?? 0, at: now)
        }
        try await catalog.write { try $0.setStrays(strays, in: folder, at: now) }
    }

    /// One incident for each agent and place, once what is unknown can be no work under way.
    private func tellStrays() async throws(BackupError) {
        let (now, channels) = (world.now(), fleet.alerts.channels)
        try await catalog.write { update in
            var told: Set<String> = []
            for count in try update.strayCounts(firstSeenBefore: now - EvidenceRule.stray) {
                guard let agent = try update.agent(count.agent) else { continue }
                told.insert(IncidentKey.stray(agent.id, count.place))
                try update.open(.strays(count, agent), channels: channels, at: now)
            }
            for key in try update.openIncidentKeys(kind: IncidentKind.stray) where !told.contains(key) {
                try update.recover(key, at: now)
            }
        }
    }
}
