import Domain
import Settings
import Wire

/// `allow` in `agent.yaml`: what the coordinator may ask of this host, whoever speaks for the coordinator.
///
/// - `directories` (list of absolute paths, and `data` for the agent's data directory; default `/var/backups` and `data`):
///   directory destinations lie there or below
/// - `endpoints` (`first`, `any`, or a list of `aws` and `https://host[:port]`; default `first`): where object stores may be;
///   `first` is whatever the first plan that named one said, any bucket and region there
/// - `restoreTo` (list of `declared`, `beside`, absolute paths and names of PostgreSQL databases; default `declared` and
///   `beside`): where restores may go: to a declared database itself, beside it under a name of its own, below a folder,
///   to that database
/// - `replace` (`true` or `false`, default `true`): whether a restore may take the place of what is there
/// - `scratch` (absolute path): a folder in which everything may be restored, and replaced
/// - `trustOrigin` (`true` or `false`, default `false`): whether an operator at the coordinator may have a backup loaded with
///   all rights
/// - `discard` (`true` or `false`, default `false`): whether an operator at the coordinator may have removed what a restore replaced
package struct AllowSetting: Sendable, Equatable {
    package enum Endpoints: Sendable, Equatable {
        case first
        case any
        /// As ``Destination/S3/store``.
        case named([String])
    }

    /// nil for the default.
    package var directories: [String]?
    package var endpoints = Endpoints.first
    package var restoresDeclared = true
    package var restoresBeside = true
    /// Paths and names of databases beyond those.
    package var restoreTo: [String] = []
    package var replace = true
    package var scratch: String?
    package var trustOrigin = false
    package var discard = false

    /// What a host allows that says nothing about it.
    package init() {}

    /// In ``directories``: the agent's data directory.
    static let data = "data"

    init(_ setting: Setting) throws(BackupError) {
        let fields = try setting.fields([
            "directories", "endpoints", "restoreTo", "replace", "scratch", "trustOrigin", "discard",
        ])
        if let list = fields["directories"] {
            var roots: [String] = []
            for item in try list.items() {
                roots.append(try item.text() == Self.data ? Self.data : DatabaseSetting.absolutePath(item))
            }
            directories = roots
        }
        if let endpoints = fields["endpoints"] { self.endpoints = try Self.endpoints(endpoints) }
        if let list = fields["restoreTo"] {
            (restoresDeclared, restoresBeside) = (false, false)
            for item in try list.items() {
                switch try item.text() {
                case "declared": restoresDeclared = true
                case "beside": restoresBeside = true
                case let other: restoreTo.append(other)
                }
            }
        }
        if let flag = fields["replace"] { replace = try flag.flag() }
        if let path = fields["scratch"] { scratch = try DatabaseSetting.absolutePath(path) }
        if let flag = fields["trustOrigin"] { trustOrigin = try flag.flag() }
        if let flag = fields["discard"] { discard = try flag.flag() }
    }

    private static func endpoints(_ setting: Setting) throws(BackupError) -> Endpoints {
        // What is no word is a list, or is refused as one below.
        if let word = try? setting.text() {
            switch word {
            case "first": return .first
            case "any": return .any
            default: throw setting.mistake("expected first, any, or a list of aws and https:// addresses")
            }
        }
        var stores: [String] = []
        for item in try setting.items() {
            let text = try item.text()
            guard text == "aws" || text.hasPrefix("https://") || text.hasPrefix("http://") else {
                throw item.mistake("expected aws or an https:// address")
            }
            stores.append(text == "aws" ? text : Destination.S3.store(at: text))
        }
        return .named(stores)
    }
}
