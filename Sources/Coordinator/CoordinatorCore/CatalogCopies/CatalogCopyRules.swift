import Domain
import Settings

/// How the coordinator copies its own catalog: `catalog` in `fleet.yaml`.
package struct CatalogCopyRules: Sendable, Equatable {
    /// Seconds between copies; nil for none but those by hand.
    package var every: Int? = 3600
    /// How many are kept at each place.
    package var keep = 48
    /// A directory of the coordinator's own host that holds copies, too: another disk's.
    package var directory: String?

    package init() {}

    init(_ value: Setting) throws(BackupError) {
        let fields = try value.fields(["every", "keep", "directory"])
        if let every = fields["every"] {
            self.every =
                (try? every.text()) == "off"
                ? nil
                : try every.checked { (it) throws(BackupError) in
                    let seconds = try Amount.seconds(try it.text())
                    guard (60...7 * 86_400).contains(seconds) else {
                        throw BackupError(.configuration, "expected 1m to 7d, or off")
                    }
                    return seconds
                }
        }
        if let keep = fields["keep"] { self.keep = try keep.number(2...10_000) }
        directory = try fields["directory"]?.checked { (it) throws(BackupError) in
            let path = try it.text()
            guard path.hasPrefix("/"), !path.utf8.contains(0) else {
                throw BackupError(.configuration, "expected an absolute path on the coordinator's host")
            }
            return path
        }
    }

    /// For people.
    var words: String {
        let how = every.map { "every \(SpanText.of(Double($0))), \(keep) kept" } ?? "off"
        return how + (directory.map { ", also in \($0)" } ?? "")
    }
}
