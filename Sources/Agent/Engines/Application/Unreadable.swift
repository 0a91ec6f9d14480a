import Domain
import Glibc

/// What of application files this user may not read, so that tar would fail.
struct Unreadable {
    private static let mostTold = 5

    private var first: [String] = []
    private var count = 0

    /// Looks at everything that tar will. Blocks. Throws `.sourceRefused` for folders that are nested too deep.
    init(_ members: [[UInt8]], but exclusion: Exclusion) throws(BackupError) {
        for member in members where !exclusion.covers(member) {
            let isAll = member == ApplicationEngine.everything
            let root = [UInt8(ascii: "/")] + (isAll ? [] : member)
            var facts = stat()
            let name = root.map(CChar.init(bitPattern:)) + [0]
            guard lstat(name, &facts) == 0 else { continue }
            note(root, facts.st_mode, AT_FDCWD, name)
            guard facts.st_mode & S_IFMT == S_IFDIR else { continue }
            try FileTree.walk(root, skipsUnreadable: true) { (entry) throws(BackupError) in
                let path = isAll ? Array(entry.path.dropFirst()) : entry.path
                guard !exclusion.covers(Array(path.dropFirst())) else { return }
                note(path, entry.mode, entry.folder, entry.name)
            }
        }
    }

    /// Links, devices, pipes and sockets are not opened by tar.
    private mutating func note(_ path: [UInt8], _ mode: mode_t, _ folder: Int32, _ name: [CChar]) {
        let wanted: Int32
        switch mode & S_IFMT {
        case S_IFDIR: wanted = R_OK | X_OK
        case S_IFREG: wanted = R_OK
        default: return
        }
        guard faccessat(folder, name, wanted, AT_EACCESS) != 0, errno == EACCES else { return }
        count += 1
        if first.count < Self.mostTold { first.append(String(decoding: path, as: UTF8.self)) }
    }

    func refuse(_ database: DatabaseName) throws(BackupError) {
        guard count > 0 else { return }
        let more = count > first.count ? " and \(count - first.count) more" : ""
        throw BackupError(
            .sourceRefused,
            "\(database): this user may not read \(first.joined(separator: ", "))\(more); give it the right (setfacl -m u:USER:rX), or "
                + "exclude them")
    }
}
