package import Domain

/// A dump that holds what PostgreSQL's tools do not write: somebody put it there, to be run where the dump is restored.
package enum DumpIntrusion {
    /// `what` in words, and the line of the dump that it stands in, counted from 1.
    package static func error(_ what: String, line: Int64) -> BackupError {
        BackupError(
            .integrity,
            "the dump has \(what), in its line \(line): it could run programs where it is restored, so it is not loaded. Take "
                + "another copy or an older backup, and find out who changed this one")
    }
}
