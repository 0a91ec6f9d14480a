import CoordinatorClient
import Daemon
import Domain
import Engines
package import Foundation
import Storage
import Threads
import Wire

/// What would stop a backup on this host, and how to mend it.
package struct Doctor: Sendable {
    package struct Finding: Sendable, Equatable {
        package var subject: String
        package var isGood: Bool
        package var words: String
    }

    let paths: AgentPaths
    let configuration: AgentConfiguration
    /// Where the configuration stands, if in a file.
    let file: URL?
    let world: AgentWorld

    package init(paths: AgentPaths, configuration: AgentConfiguration, file: URL?, world: AgentWorld) {
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

    /// Looks at everything that a backup needs, changing nothing but a probe file in directory destinations, and small objects below
    /// `.holdfast/probe/` in stores.
    package func findings() async -> [Finding] {
        var out = [await coordinator()]
        do throws(BackupError) { try DeclaringFile.require(file, paths) } catch {
            out.append(bad("configuration", error.message))
        }
        if configuration.databases.isEmpty {
            out.append(bad("configuration", "no database is declared: write agent.yaml, or set DATABASE_URL"))
        }
        out += rights()
        for setting in configuration.databases { out.append(await database(setting)) }
        let plans = PlanStore(file: paths.plan)
        let plan = await plans.current
        if let trouble = await plans.trouble {
            out.append(bad("plan", trouble))
        } else if plan.revision == 0 {
            out.append(good("plan", "none yet: it comes with the first check-in of `holdfast-agent run`"))
        } else {
            out.append(good("plan", "revision \(plan.revision), \(plan.entries.count) entries"))
        }
        for setting in configuration.databases where plan.revision > 0 {
            guard !plan.entries.contains(where: { $0.database == setting.name }) else { continue }
            out.append(
                bad(
                    "database \(setting.name)",
                    "no policy backs it up on a schedule: look at selectors and labels, and restart the agent after a change "
                        + "of agent.yaml"))
        }
        do throws(BackupError) {
            let limits = try HostGuard(paths: paths, configuration: LiveConfiguration(configuration))
            for destination in plan.destinations { out.append(await self.destination(destination, limits)) }
        } catch {
            out.append(bad("allow", "\(error)"))
        }
        return out
    }

    private func coordinator() async -> Finding {
        do {
            let identity = try AgentIdentity.load(paths)
            let link = CoordinatorLink(paths: paths, identity: identity, world: world)
            _ = try await link.current().report(ReportBatch(items: []))
            return good("coordinator", "\(identity.coordinatorURL) answers; this agent is \(identity.name)")
        } catch {
            return bad("coordinator", "\(error)")
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

    private func database(_ setting: DatabaseSetting) async -> Finding {
        let subject = "database \(setting.name)"
        do {
            let seen = try await EngineCatalog.engine(setting, paths: paths).examine()
            let server = seen.serverVersion.map { "server \($0), " } ?? ""
            let obstacle = seen.restoreObstacle.map { "; BUT A RESTORE HERE WOULD FAIL: \($0)" } ?? ""
            return good(subject, "\(setting.kind.rawValue), \(server)\(seen.tool)\(obstacle)")
        } catch {
            return bad(subject, "\(error)")
        }
    }

    private func destination(_ destination: Destination, _ limits: HostGuard) async -> Finding {
        let subject = "destination \(destination.name)"
        let opener = DestinationOpener(paths: paths, world: world, limits: limits)
        do {
            // One that has not joined yet is called as its host is.
            let host = (try? AgentIdentity.load(paths))?.name ?? world.hostName
            let words = try await onThread { () throws(BackupError) in try opener.examine(destination, as: host) }
            return good(subject, words)
        } catch {
            return bad(subject, "\(error)")
        }
    }

    private static func bad(_ subject: String, _ words: String) -> Finding {
        Finding(subject: subject, isGood: false, words: words)
    }

    private func good(_ subject: String, _ words: String) -> Finding {
        Finding(subject: subject, isGood: true, words: words)
    }

    private func bad(_ subject: String, _ words: String) -> Finding { Self.bad(subject, words) }
}
