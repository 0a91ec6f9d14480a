package import Domain
package import Foundation

/// The file that declares this host's databases, remembered in the data directory: once there was one, its absence is no
/// return to `DATABASE_URL`, which would end the other databases' backups, or their labels, in silence (P4).
package enum DeclaringFile {
    /// Throws `.configuration` when there is no file now, and an earlier start had one.
    package static func require(_ file: URL?, _ paths: AgentPaths) throws(BackupError) {
        guard file == nil, let known = try mark(paths).load() else { return }
        throw BackupError(
            .configuration,
            "the databases of this host were declared in \(known): name it with --config, put it back if it is gone, or remove "
                + "\(paths.declaringFile.path) if DATABASE_URL is all there is from now on")
    }

    /// Remembers the file, if there is one. Throws `.storageRefused` when the data directory cannot be written.
    package static func remember(_ file: URL?, _ paths: AgentPaths) throws(BackupError) {
        // A mark that cannot be read is written anew.
        guard let file, (try? mark(paths).load()) != file.path else { return }
        try mark(paths).save(file.path)
    }

    private static func mark(_ paths: AgentPaths) -> DurableFile<String> { DurableFile(url: paths.declaringFile) }
}
