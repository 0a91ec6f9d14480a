import CoordinatorClient
import Daemon
import Domain
import Engines
package import Foundation
import Storage
package import Threads
import Wire

/// What would stop a backup on this host, and how to mend it.
package struct Doctor: Sendable {
    package struct Finding: Sendable, Equatable {
        package enum Verdict: Sendable { case good, warning, bad }

        package var subject: String
        package var verdict: Verdict
        package var words: String
        /// Nothing would stop a backup.
        package var isGood: Bool { verdict != .bad }
    }

    let paths: AgentPaths
    let configuration: AgentConfiguration
    /// Where the configuration stands, if in a file.
    let file: URL?
    let world: AgentWorld
    /// Nothing is made for it in databases.
    let isReadOnly: Bool
    /// Ends what is at work.
    let stop: StopSignal

    package init(
        paths: AgentPaths, configuration: AgentConfiguration, file: URL?, world: AgentWorld, isReadOnly: Bool = false,
        stop: StopSignal = StopSignal()
    ) {
        self.stop = stop
        self.isReadOnly = isReadOnly
        self.paths = paths
        self.configuration = configuration
        self.file = file
        self.world = world
    }

    /// The data directory belongs to another user than this one, or cannot even be looked at. To be asked first.
    package static func wrongUser(_ paths: AgentPaths, user: UInt32 = geteuid()) -> Finding? {
        let path = paths.data.path
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            let reason = errno
            if reason == ENOENT { return nil }
            return bad(
                "user",
                "\(path) cannot be looked at (\(String(cString: strerror(reason)))): run this as the user of the agent; "
                    + "holdfast-agent doctor --help has the line")
        }
        guard facts.st_uid != user else { return nil }
        // A user that has no name any more goes by its number.
        let named = try? FileManager.default.attributesOfItem(atPath: path)[.ownerAccountName] as? String
        let owner = named ?? "#\(facts.st_uid)"
        return bad(
            "user",
            "\(path) belongs to the user \(owner), and this is another: run this as '\(owner)'; holdfast-agent doctor "
                + "--help has the line. Nothing was looked at")
    }

    /// Looks at everything that a backup and a restore need, and leaves nothing but small objects below `.holdfast/probe/` in stores.
    /// `tell` hears of each finding as it comes.
    package func findings(_ tell: (Finding) -> Void = { _ in }) async -> [Finding] {
        var out: [Finding] = []
        func add(_ findings: Finding...) {
            for finding in findings { tell(finding) }
            out += findings
        }
        let (link, answer) = await coordinator()
        add(answer)
        do throws(BackupError) { try DeclaringFile.require(file, paths) } catch {
            add(bad("configuration", error.message))
        }
        if configuration.databases.isEmpty {
            add(bad("configuration", "no database is declared: write agent.yaml, or set DATABASE_URL"))
        }
        for finding in rights() { add(finding) }
        var facts: [DatabaseFacts] = []
        for finding in await remains() { add(finding) }
        for setting in configuration.databases {
            let (found, fact) = await database(setting)
            for finding in found { add(finding) }
            facts.append(fact)
        }
        let (plan, words) = await PlanLook(store: PlanStore(file: paths.plan), link: link).plan(with: facts)
        add(words)
        for setting in configuration.databases {
            guard let plan, !plan.entries.contains(where: { $0.database == setting.name }) else { continue }
            add(
                bad(
                    "database \(setting.name)",
                    "no policy backs it up on a schedule: look at selectors and labels"))
        }
        do throws(BackupError) {
            let limits = try HostGuard(paths: paths, configuration: LiveConfiguration(configuration))
            for destination in plan?.destinations ?? [] { add(await self.destination(destination, limits)) }
        } catch {
            add(bad("allow", "\(error)"))
        }
        return out
    }

    /// Nil when it does not answer.
    private func coordinator() async -> (CoordinatorLink?, Finding) {
        var name = ""
        do {
            let identity = try AgentIdentity.load(paths)
            name = "; this agent is \(identity.name), id \(identity.id.uuidString.lowercased())"
            let link = CoordinatorLink(paths: paths, identity: identity, world: world)
            _ = try await link.current().report(ReportBatch(items: []))
            return (link, good("coordinator", "\(identity.coordinatorURL) answers\(name)"))
        } catch {
            return (nil, bad("coordinator", "\(error)\(name)"))
        }
    }

    /// Files that others could read or change and must not.
    private func rights() -> [Finding] {
        var out: [Finding] = []
        do throws(BackupError) { try configuration.requireRights(of: file) } catch {
            out.append(bad("configuration", error.message))
        }
        // Who examines may be root; who reads the key is whose data directory it is. Where that cannot be told, it is who examines.
        let owner = (try? FileManager.default.attributesOfItem(atPath: paths.data.path))?[.ownerAccountID] as? NSNumber
        do throws(BackupError) {
            try FileRights.require(paths.key.path, .key, user: owner?.uint32Value ?? geteuid())
        } catch {
            out.append(bad("key", error.message))
        }
        return out
    }

    private func database(_ setting: DatabaseSetting) async -> ([Finding], DatabaseFacts) {
        let subject = "database \(setting.name)"
        do {
            let engine = try EngineCatalog.engine(setting, paths: paths)
            let seen = try await engine.examine()
            let server = seen.serverVersion.map { "server \($0), " } ?? ""
            let record = RestoreRecord(
                id: world.newID(), engine, words: "a rehearsal by doctor of \(setting.name)", at: world.now())
            let rehearsal = try await RestoreJournal(paths, now: world.now).noting(
                record, by: engine, paths: paths, { _ in }
            ) { trace in
                try await engine.rehearse(isReadOnly: isReadOnly, now: world.now(), stop: stop, trace: trace)
            }
            let restore = rehearsal.unrehearsed.map { "; NO RESTORE WAS REHEARSED: \($0)" } ?? ""
            var found = [good(subject, "\(setting.kind.rawValue), \(server)\(seen.tool)\(restore)")]
            found += rehearsal.notes.map { warning(subject, "of a backup: \($0)") }
            if let failure = rehearsal.failure {
                found.append(bad(subject, "NOTHING CAN BE RESTORED HERE: \(failure)"))
            }
            found += rehearsal.obstacles.map { warning(subject, "A RESTORE HERE: \($0)") }
            found += rehearsal.leftOver.map { warning(subject, "left over, look at it and drop it: \($0)") }
            return (found, DatabaseFacts(setting, seen, nil))
        } catch {
            return ([bad(subject, "\(error)")], DatabaseFacts(setting, nil, "\(error)"))
        }
    }

    private func destination(_ destination: Destination, _ limits: HostGuard) async -> Finding {
        let subject = "destination \(destination.name)"
        let opener = DestinationOpener(paths: paths, world: world, limits: limits)
        do {
            // One that has not joined yet is called as its host is.
            let host = (try? AgentIdentity.load(paths))?.name ?? world.hostName
            let seen = try await onThread { () throws(BackupError) in try opener.examine(destination, as: host) }
            return seen.breaksPromise ? warning(subject, seen.words) : good(subject, seen.words)
        } catch {
            return bad(subject, "\(error)")
        }
    }

    private static func bad(_ subject: String, _ words: String) -> Finding {
        Finding(subject: subject, verdict: .bad, words: words)
    }

    private func good(_ subject: String, _ words: String) -> Finding {
        Finding(subject: subject, verdict: .good, words: words)
    }

    func warning(_ subject: String, _ words: String) -> Finding {
        Finding(subject: subject, verdict: .warning, words: words)
    }

    func bad(_ subject: String, _ words: String) -> Finding { Self.bad(subject, words) }
}
