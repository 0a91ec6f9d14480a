import Archive
package import Domain
import Engines
import Foundation
import Synchronization
package import Wire

/// What this host lets its coordinator ask: `allow` in `agent.yaml`, and the object stores that the first plan named. Whoever
/// has taken the coordinator over can widen neither (P12).
///
/// A refusal is a ``BackupError`` of code `.forbidden` that begins with ``HostLimits/refusal``.
package final class HostGuard: Sendable {
    /// What was taken in from plans; it never grows again by itself.
    struct Known: Codable, Equatable {
        /// nil until a plan named an object store.
        var stores: [String]?
        /// From the plan that lay here when an agent without limits was upgraded.
        var directories: [String]
        /// How each store was reached when a plan first named it: store, caFile and proxy, a line each. Whoever can change these
        /// reads everything on its way.
        var routes: [String]?
    }

    private let paths: AgentPaths
    private let configuration: LiveConfiguration
    private let known: Mutex<Known>
    private let onRefusal: @Sendable (String) -> Void
    private let isDamaged: Bool

    /// `onRefusal` hears of each refusal. Changes nothing on disk. Where what was remembered is damaged, no object store is
    /// allowed but those that `agent.yaml` names: taken for nothing, the next plan could name any. Throws `.configuration` when
    /// it cannot be read at all.
    package init(
        paths: AgentPaths, configuration: LiveConfiguration, onRefusal: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(BackupError) {
        self.paths = paths
        self.configuration = configuration
        self.onRefusal = onRefusal
        do throws(BackupError) {
            if let known = try DurableFile<Known>(url: paths.knownPlaces).load() {
                self.known = Mutex(known)
                isDamaged = false
                return
            }
        } catch  where error.code == .integrity {
            onRefusal(
                "\(paths.knownPlaces.path) is damaged: no object store is used that allow.endpoints in agent.yaml does not name. "
                    + "Name them there, or delete that file to take those of the next plan")
            known = Mutex(Known(stores: [], directories: []))
            isDamaged = true
            return
        }
        isDamaged = false
        // A plan that is damaged is none: the next one counts as the first.
        let plan = (try? DurableFile<Plan>(url: paths.plan).load()) ?? .empty
        known = Mutex(
            Known(
                stores: Self.stores(plan.destinations), directories: plan.destinations.compactMap(\.directory?.path),
                routes: Self.routes([], plan.destinations)))
    }

    private static func route(_ s3: Destination.S3) -> String {
        [s3.store, s3.caFile ?? "", s3.proxy ?? ""].joined(separator: "\n")
    }

    private static let mostRoutes = 100

    /// With those of stores that were not known before.
    private static func routes(_ known: [String], _ destinations: [Destination]) -> [String] {
        var routes = known
        for s3 in destinations.compactMap(\.s3) where routes.count < mostRoutes {
            if !routes.contains(where: { $0.hasPrefix(s3.store + "\n") }) { routes.append(route(s3)) }
        }
        return routes
    }

    private static func stores(_ destinations: [Destination]) -> [String]? {
        let stores = Set(destinations.compactMap(\.s3?.store))
        return stores.isEmpty ? nil : stores.sorted()
    }

    /// Writes down what is known. Throws `.storageRefused` when the data directory cannot be written.
    package func remember() throws(BackupError) {
        guard !isDamaged else { return }
        try known.withLock { (known) throws(BackupError) in
            try DurableFile<Known>(url: paths.knownPlaces).save(known)
        }
    }

    /// Takes in the object stores of the first plan, or order, that names one, and how each store is reached; on disk first.
    func meet(_ destinations: [Destination]) throws(BackupError) {
        guard !isDamaged, let stores = Self.stores(destinations) else { return }
        try known.withLock { (known) throws(BackupError) in
            var next = known
            next.stores = next.stores ?? stores
            next.routes = Self.routes(next.routes ?? [], destinations)
            guard next != known else { return }
            try DurableFile<Known>(url: paths.knownPlaces).save(next)
            known = next
        }
    }

    private var allow: AllowSetting { configuration.current.allow }

    /// What the coordinator is told.
    package var limits: HostLimits {
        let (allow, known) = (allow, known.withLock { $0 })
        let roots = allow.directories ?? ["/var/backups", AllowSetting.data] + known.directories
        let stores: [String]? =
            switch allow.endpoints {
            case .first: known.stores
            case .any: nil
            case .named(let stores): stores
            }
        return HostLimits(
            directories: roots.map { $0 == AllowSetting.data ? paths.data.path : $0 }, stores: stores,
            replace: allow.replace)
    }

    /// The destination, with the path that its directory really has. Throws the refusal.
    func allowed(_ destination: Destination) throws(BackupError) -> Destination {
        var (destination, limits) = (destination, limits)
        if let directory = destination.directory {
            let path = directory.path ?? paths.backups.path
            guard let real = RealPath.of(path) else {
                throw refusal("a path without .. and dangling links is needed, not \(path.debugDescription)")
            }
            destination.directory = .init(path: real)
            let isOwn = directory.path == nil && limits.directories.contains(paths.data.path)
            // Where the host's own folder lies is the host's choice, also when it is a link.
            limits.directories = limits.directories.compactMap(RealPath.of) + (isOwn ? [real] : [])
        }
        if let words = limits.refusal(of: destination) { throw refused(words) }
        if let file = destination.s3?.caFile, RealPath.of(file).map({ isOurs($0) }) ?? true {
            // The coordinator has the key of the authority that lies there.
            throw refusal("the caFile of an object store does not lie in the agent's data directory")
        }
        if let s3 = destination.s3, allow.endpoints != .any {
            let routes = known.withLock { $0.routes ?? [] }.filter { $0.hasPrefix(s3.store + "\n") }
            guard routes.isEmpty || routes.contains(Self.route(s3)) else {
                throw refusal(
                    "\(s3.store) is to be reached by another caFile or proxy than at first. If that is meant, delete "
                        + "\(paths.knownPlaces.path) on the host and restart the agent")
            }
        }
        return destination
    }

    private func isOurs(_ path: String) -> Bool {
        HostLimits.isInside(path, RealPath.of(paths.data.path) ?? paths.data.path)
    }

    /// Throws the refusal unless the object is a backup's, by its key, or lies at an allowed store.
    func requireReadable(_ source: ObjectSource) throws(BackupError) {
        if let key = source.key {
            let parts = key.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 3, BackupKeys.folders.contains(String(parts[1])) else {
                throw refusal("\(key.debugDescription) is no object of a backup")
            }
        }
        if let url = source.url, let words = limits.refusal(ofAddress: url) { throw refused(words) }
    }

    /// Throws the refusal unless the restore may go where the order says.
    func requireRestorable(_ order: RestoreOrder) throws(BackupError) {
        let allow = allow
        guard order.trustOrigin != true || allow.trustOrigin else {
            throw refusal(
                "a backup of which all is loaded with the rights of the connection; `holdfast-agent restore --trust-origin` on "
                    + "the host does it, and allow.trustOrigin in its agent.yaml permits it from here")
        }
        guard !order.replace || allow.replace else { throw refusal("its agent.yaml has allow.replace: false") }
        let isOriginal = order.manner?.intoOriginalName == true
        guard !isOriginal || (order.target == nil && order.kind == .postgres) else {
            throw BackupError(.usage, "only a PostgreSQL database, to no other target, goes into its original name")
        }
        guard isOriginal || order.target != nil else {
            guard allow.restoresBeside else { throw refusal("its agent.yaml allows no restore beside a database") }
            return
        }
        let databases = configuration.current.databases
        guard let setting = databases.first(where: { $0.name == order.database }) else {
            throw BackupError(.configuration, "database \(order.database) is not in this host's agent.yaml")
        }
        let target = order.target ?? RestorePlace.originalName(setting)
        let place = RestorePlace(target, setting, databases, paths)
        if place.isListed(in: allow.restoreTo + [allow.scratch].compactMap { $0 }) { return }
        if allow.restoresDeclared, place.isDeclared { return }
        if allow.restoresBeside, place.isBeside, !order.replace { return }
        throw refusal(
            "its agent.yaml allows no restore \(order.replace ? "that replaces" : "to") \(target.debugDescription); "
                + "allow.restoreTo there can name it")
    }

    /// Throws the refusal when files of somebody else would take the place of this host's own: what runs them trusts them. (What a
    /// PostgreSQL dump may do is settled where it is loaded.)
    func requireOwn(_ order: RestoreOrder, _ origin: RestoreOrigin) throws(BackupError) {
        guard order.kind != .postgres, order.replace, origin == .foreign, !allow.trustOrigin,
            let target = order.target
        else { return }
        let databases = configuration.current.databases
        if let setting = databases.first(where: { $0.name == order.database }),
            RestorePlace(target, setting, databases, paths).isListed(
                in: allow.restoreTo + [allow.scratch].compactMap { $0 })
        {
            return
        }
        throw refusal(
            "this backup is not this host's own, or its bytes are not checked, and would replace its files; "
                + "`holdfast-agent restore` on the host does it, and allow.trustOrigin in its agent.yaml permits it from here"
        )
    }

    /// What a restore replaced is all that is left when the coordinator is another's: so the host says whether it may go.
    func requireDiscardable() throws(BackupError) {
        guard allow.discard else {
            throw refusal(
                "what restores keep is not removed from here; `holdfast-agent restored discard` on the host does it, and allow.discard: "
                    + "true in its agent.yaml permits it")
        }
    }

    private func refusal(_ words: String) -> BackupError { refused("\(HostLimits.refusal): \(words)") }

    private func refused(_ words: String) -> BackupError {
        onRefusal(words)
        return BackupError(.forbidden, words)
    }
}
