import Archive
import Domain
import Foundation
import Glibc
import Threads

/// One restore of application files into a new folder.
///
/// What a hostile archive cannot do: members are extracted into a fresh folder that nobody else can enter, by GNU tar, which
/// strips leading slashes, refuses `..` (an error here, as is every other refusal), and makes links that point outside
/// only after all else, so that nothing is written through them; `--keep-old-files` makes a second member of one name an
/// error. Device files are refused before the folder gets its name. Set-user-id bits and capabilities are kept, since an application may
/// need them: restore archives of your own only.
struct ApplicationRestore {
    let engine: ApplicationEngine
    let request: RestoreRequest

    /// What a restore lacks that root does not do.
    static let ownersWords = "files belong to the user that restores them, since only root can give them their owners"

    /// What stripping leaves open.
    static let mergedWords =
        "more than one folder came to lie in this one, which has the rights of none of them: only its owner may enter it (0700)"

    func run() async throws(BackupError) -> RestoreOutcome {
        let target = try targetFolder()
        let existing = FileIdentity(ofLink: target)
        let isEmptyFolder = existing?.isFolder == true && FileTree.isEmpty(target)
        if existing != nil, !isEmptyFolder, !request.replace {
            throw BackupError(.exists, "\(target) is there already and not empty; nothing was changed")
        }
        let scratch = "\(target).\(Timestamp.compact(request.now)).partial"
        request.trace(.makes(RestoreThing(kind: .folder, name: scratch)))
        guard mkdir(scratch, 0o700) == 0 else {
            throw BackupError(.storageRefused, "making the folder \(scratch): errno \(errno)")
        }
        request.trace(.makes(RestoreThing(kind: .folder, name: scratch, mark: PathThing.mark(scratch))))
        do throws(BackupError) {
            let (stripped, unpacked) = try await extract(into: scratch)
            var losses = unpacked
            let count = try await onThread { () throws(BackupError) in try Self.refuseDevices(in: scratch) }
            guard count > 0 || request.part.isAll || stripped?.root != nil else {
                throw BackupError(
                    .usage, "nothing is left of the archive without the first \(request.part.strip) folders")
            }
            if let damage = request.damage?.words, count == 0 {
                throw BackupError(.integrity, "nothing of the archive can be read: \(damage)")
            }
            if let root = stripped?.root { losses += try await give(root, to: scratch) }
            if request.damage?.words != nil, existing != nil, !isEmptyFolder, !request.manner.replacesIncomplete {
                let beside = "\(target)_restored_\(Timestamp.compact(request.now))"
                try Self.move(scratch, to: beside)
                throw BackupError(
                    .integrity,
                    "not everything of the backup could be restored, so nothing was replaced (--force given twice replaces all the "
                        + "same); what there is lies in \(beside): \(losses.joined(separator: "; "))")
            }
            request.trace(.loaded)
            var kept: String?
            if existing != nil, !isEmptyFolder {
                let aside = "\(target)_before_\(Timestamp.compact(request.now))"
                request.trace(.setsAside(RestoreThing(kind: .folder, name: aside, mark: PathThing.mark(target))))
                try Self.move(target, to: aside)
                kept = aside
            }
            do throws(BackupError) {
                try Self.move(scratch, to: target)
            } catch {
                if let kept { try? Self.move(kept, to: target) }  // the first error is the one to tell
                throw error
            }
            var noted = geteuid() == 0 ? "" : "; " + Self.ownersWords
            if stripped?.mergesFolders == true { noted += "; " + Self.mergedWords }
            return RestoreOutcome(
                target: target, keptBeside: kept, checked: "extracted without errors, \(count) entries\(noted)",
                failures: losses)
        } catch {
            await onThread { FileTree.remove(scratch) }  // what stays has a telling name
            throw error
        }
    }

    private func targetFolder() throws(BackupError) -> String {
        if let target = request.target {
            guard target.hasPrefix("/"), !target.utf8.contains(0) else {
                throw BackupError(.usage, "the folder to restore to must be an absolute path")
            }
            let trimmed = target.split(separator: "/").joined(separator: "/")
            guard !trimmed.isEmpty else { throw BackupError(.usage, "an archive is not restored over /") }
            return "/" + trimmed
        }
        do {
            try FileManager.default.createDirectory(
                at: engine.restoreBase, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw BackupError(.storageRefused, "making the folder for restores", cause: error)
        }
        let folder = engine.restoreBase.path(percentEncoded: false)
        let name = "\(engine.name.pathComponent)_restored_\(Timestamp.compact(request.now))"
        return folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// What tar sets of all that a member has.
    private func extracting(into folder: String) -> [String] {
        [
            "--extract", "--file=-", "--directory=\(folder)", "--preserve-permissions", "--numeric-owner",
            geteuid() == 0 ? "--same-owner" : "--no-same-owner", "--acls", "--xattrs", "--xattrs-include=*",
        ]
    }

    /// Rights, owner, times and attributes of the folder that stripping left no name of; answers with what it lacks, in words. Last of
    /// all: others may be able to enter it from then on.
    private func give(_ root: TarMember, to scratch: String) async throws(BackupError) -> [String] {
        var child = try engine.tarChild(extracting(into: scratch) + ["--transform=s,.*,.,"])
        let losses = TarLosses()
        child.onError = { losses.take($0) }
        let archive = root.head + [UInt8](repeating: 0, count: 1024)
        let ending = try await child.feed(
            { (body) throws(BackupError) in
                var failure: BackupError?
                archive.withUnsafeBytes { bytes in
                    do throws(BackupError) { try body(bytes) } catch { failure = error }
                }
                if let failure { throw failure }
            }, stop: request.stop)
        guard ending.isSuccess else {
            throw BackupError(.integrity, "tar could not give the folder what it had: \(ending.standardError)")
        }
        return losses.words
    }

    /// Answers with what stripping takes away, if it is asked for, and with what the files lack, in words.
    private func extract(into scratch: String) async throws(BackupError) -> (StrippedAway.Found?, [String]) {
        let part = request.part
        let picked = try part.paths.map { (path) throws(BackupError) in try Self.member(path) }
        var child = try engine.tarChild(
            extracting(into: scratch) + [
                "--delay-directory-restore", "--keep-old-files", "--sparse", "--strip-components=\(part.strip)",
                "--no-unquote", "--",
            ] + picked)
        let losses = TarLosses()
        child.onError = { losses.take($0) }
        let (dump, stripped) = (request.dump, Promise<StrippedAway.Found>())
        let source: DecodedSource = { (body) throws(BackupError) in
            let away = StrippedAway(part, picked: picked)
            let inspector = away.inspector
            try dump { (piece) throws(BackupError) in
                if part.strip > 0 { inspector.consume(piece) }
                try body(piece)
            }
            stripped.keep(away.found)
        }
        let ending = try await child.feed(source, stop: request.stop)
        if !ending.isSuccess { request.damage?.note("tar: \(ending.standardError)") }
        let damage = request.damage?.told(
            missing:
                "What stands behind it in the archive is missing, the last file that is there may be cut, and folders may lack "
                + "their rights and times")
        if let damage {
            return (stripped.take(stop: request.stop), losses.words + [damage])
        }
        if ending.isSuccess {
            let found = stripped.take(stop: request.stop)
            return (found, losses.words + (found?.words ?? []))
        }
        if !part.paths.isEmpty,
            let match = ending.standardError.firstMatch(of: /(?m)^[^:\n]+: (.*): Not found in archive$/)
        {
            throw BackupError(
                .notFound, "the backup has no /\(match.1); --path is a path as it was on the host, without wildcards")
        }
        let hint =
            part.isAll
            ? ""
            : " (of what is picked, both names of a hard link are needed; without its first folders, no two files may have one name)"
        throw BackupError(.integrity, "tar could not extract the whole archive\(hint): \(ending.standardError)")
    }

    /// A path as the archive has it.
    private static func member(_ path: String) throws(BackupError) -> String {
        let parts = path.split(separator: "/")
        guard !parts.isEmpty, !parts.contains(".."), !path.utf8.contains(0) else {
            throw BackupError(.usage, "--path \(path): give the path of a file or folder as it was on the host")
        }
        return parts.joined(separator: "/")
    }

    /// Answers with the number of entries. Throws when one is a device file, whatever its name and that of its folder.
    private static func refuseDevices(in folder: String) throws(BackupError) -> Int {
        var count = 0
        try FileTree.walk(Array(folder.utf8)) { (entry) throws(BackupError) in
            count += 1
            guard !entry.isDevice else {
                throw BackupError(
                    .integrity,
                    "the archive has a device file, \(entry.text.dropFirst(folder.count + 1)); it was not restored")
            }
        }
        return count
    }

    /// A folder takes the place of nothing or of an empty folder; the kernel refuses everything else.
    private static func move(_ from: String, to: String) throws(BackupError) {
        guard Glibc.rename(from, to) == 0 else {
            throw BackupError(.storageRefused, "giving \(from) the name \(to): errno \(errno)")
        }
    }
}
