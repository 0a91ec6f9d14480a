import CoordinatorClient
import Domain
import Engines
import Foundation
import Storage
import Threads
import Wire

/// What would stop a backup on this host, and how to mend it.
package struct Doctor: Sendable {
    package struct Finding: Sendable {
        package var subject: String
        package var isGood: Bool
        package var words: String
    }

    let paths: AgentPaths
    let configuration: AgentConfiguration
    let world: AgentWorld

    package init(paths: AgentPaths, configuration: AgentConfiguration, world: AgentWorld) {
        self.paths = paths
        self.configuration = configuration
        self.world = world
    }

    /// Looks at everything that a backup needs, changing nothing but a probe file in directory destinations.
    package func findings() async -> [Finding] {
        var out = [await coordinator()]
        if configuration.databases.isEmpty {
            out.append(bad("configuration", "no database is declared: write agent.yaml, or set DATABASE_URL"))
        }
        for setting in configuration.databases { out.append(await database(setting)) }
        let plan = await PlanStore(file: paths.plan).current
        if plan.revision == 0 {
            out.append(bad("plan", "none yet: it comes with the first check-in; start `holdfast-agent run`"))
        } else {
            out.append(good("plan", "revision \(plan.revision), \(plan.entries.count) entries"))
        }
        for setting in configuration.databases where plan.revision > 0 {
            guard !plan.entries.contains(where: { $0.database == setting.name }) else { continue }
            out.append(
                bad("database \(setting.name)", "no policy backs it up on a schedule: look at selectors and labels"))
        }
        for destination in plan.destinations { out.append(await self.destination(destination)) }
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

    private func database(_ setting: DatabaseSetting) async -> Finding {
        let subject = "database \(setting.name)"
        do {
            let seen = try await EngineCatalog.engine(setting, paths: paths).examine()
            let server = seen.serverVersion.map { "server \($0), " } ?? ""
            return good(subject, "\(setting.kind.rawValue), \(server)\(seen.tool)")
        } catch {
            return bad(subject, "\(error)")
        }
    }

    private func destination(_ destination: Destination) async -> Finding {
        let subject = "destination \(destination.name)"
        let opener = DestinationOpener(paths: paths, world: world)
        do {
            // An upload that is begun and given up leaves nothing, and shows that the place is there and open to us.
            try await onThread { () throws(BackupError) in
                let store = try opener.open(destination, stop: StopSignal())
                let upload = try store.beginUpload("\(destination.keyPrefix).holdfast-doctor")
                upload.abort()
            }
            return good(subject, destination.directory == nil ? "credentials found" : "writable")
        } catch {
            return bad(subject, "\(error)")
        }
    }

    private func good(_ subject: String, _ words: String) -> Finding {
        Finding(subject: subject, isGood: true, words: words)
    }

    private func bad(_ subject: String, _ words: String) -> Finding {
        Finding(subject: subject, isGood: false, words: words)
    }
}
