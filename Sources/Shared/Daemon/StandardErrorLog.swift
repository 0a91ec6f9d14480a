package import Domain
import Foundation
package import Logging

/// Sends every log of this process to standard error, one line an event, and returns the first logger. Call it once, in `main`.
/// From then on SIGHUP does not end the process; what it does instead is said to ``runServices(_:logger:onHangUp:whenReady:)``.
package func startLogging(label: String, level: Logger.Level, secrets: SecretList) -> Logger {
    _ = signal(SIGHUP, SIG_IGN)
    LoggingSystem.bootstrap { label in StandardErrorLog(label: label, logLevel: level, secrets: secrets) }
    return Logger(label: label)
}

/// The level that `--log-level` names. Throws `.usage`, naming those that there are.
package func logLevel(named name: String) throws(BackupError) -> Logger.Level {
    guard let level = Logger.Level(rawValue: name.lowercased()) else {
        let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        throw BackupError(.usage, "no log level is called '\(name)': it is one of \(known)")
    }
    return level
}

struct StandardErrorLog: LogHandler {
    let label: String
    var logLevel: Logger.Level
    let secrets: SecretList
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let given = event.metadata { all.merge(given) { _, new in new } }
        if let error = event.error { all["error"] = "\(error)" }
        let line = LogLine.text(at: Date(), level: event.level, message: event.message.description, metadata: all)
        // One write a line, so that lines of several threads do not mix. A log that cannot be written has nowhere to complain.
        try? FileHandle.standardError.write(contentsOf: Data((secrets.redacted(line) + "\n").utf8))
    }
}
