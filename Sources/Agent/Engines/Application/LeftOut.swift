import Domain
import Glibc

/// What among application files is not in their archive, though nobody excluded it, and is told: device files (they are no contents, and
/// only root could make them again), sockets (which tar leaves out, since their programs make them), and what has a longer path
/// than Linux takes, which tar stores and nobody can unpack.
struct LeftOut {
    /// Linux's PATH_MAX without the NUL.
    private static let longestPath = 4095

    private enum Kind: String, CaseIterable {
        case device = "device file"
        case socket
        case tooLong = "file with a path of more than 4,095 bytes"
    }

    /// Relative to `/`, as tar names them.
    private var found: [Kind: [[UInt8]]] = [:]

    /// Looks at everything that tar will. Blocks. Throws `.sourceRefused` for folders that are nested too deep.
    init(of members: [[UInt8]], but exclusion: Exclusion) throws(BackupError) {
        for member in members {
            let isAll = member == ApplicationEngine.everything
            let root = [UInt8(ascii: "/")] + (isAll ? [] : member)
            var facts = stat()
            // It is tar that says what is not there or may not be read.
            guard lstat(root.map(CChar.init(bitPattern:)) + [0], &facts) == 0 else { continue }
            if let kind = Self.kind(facts.st_mode, root), !exclusion.covers(member) {
                found[kind, default: []].append(member)
            }
            guard facts.st_mode & S_IFMT == S_IFDIR else { continue }
            try FileTree.walk(root, skipsUnreadable: true) { (entry) throws(BackupError) in
                let path = isAll ? Array(entry.path.dropFirst()) : entry.path
                // What lies in a folder that is left out goes with it.
                guard path.count - entry.name.count <= Self.longestPath, let kind = Self.kind(entry.mode, path) else {
                    return
                }
                let name = Array(path.dropFirst())
                if !exclusion.covers(name) { found[kind, default: []].append(name) }
            }
        }
    }

    private static func kind(_ mode: mode_t, _ path: [UInt8]) -> Kind? {
        if path.count > longestPath { return .tooLong }
        switch mode & S_IFMT {
        case S_IFBLK, S_IFCHR: return .device
        case S_IFSOCK: return .socket
        default: return nil
        }
    }

    /// In words, each by itself: at most ten names of each kind.
    var notes: [String] {
        Kind.allCases.flatMap { kind -> [String] in
            let all = found[kind] ?? []
            let named = all.prefix(10).map { "not in the backup: the \(kind.rawValue) /\(Self.short($0))" }
            return all.count > 10
                ? named + ["not in the backup: \(all.count - 10) more like it (\(kind.rawValue))"] : named
        }
    }

    /// The beginning and the end of a long one.
    private static func short(_ name: [UInt8]) -> String {
        guard name.count > 300 else { return String(decoding: name, as: UTF8.self) }
        return String(decoding: name.prefix(200), as: UTF8.self) + "…"
            + String(decoding: name.suffix(60), as: UTF8.self)
    }

    /// Patterns for tar's `--exclude-from` with `--anchored --wildcards`; it leaves out sockets by itself.
    func lines(below prefix: [UInt8]) -> [[UInt8]] {
        ((found[.device] ?? []) + (found[.tooLong] ?? [])).map { prefix + Exclusion.escaped($0) }
    }
}
