import Domain
import Foundation
import Glibc

/// Device files among application files. They are no contents, and only root could make them again: left out, and told.
struct LeftOut {
    /// Relative to `/`, as tar names them.
    private(set) var devices: [[UInt8]] = []

    /// Looks at everything that tar will. Blocks. Throws `.sourceRefused` for folders that are nested too deep.
    init(of members: [[UInt8]]) throws(BackupError) {
        for member in members {
            let root = [UInt8(ascii: "/")] + (member == ApplicationEngine.everything ? [] : member)
            var facts = stat()
            // It is tar that says what is not there or may not be read.
            guard lstat(root.map(CChar.init(bitPattern:)) + [0], &facts) == 0 else { continue }
            if facts.st_mode & S_IFMT == S_IFBLK || facts.st_mode & S_IFMT == S_IFCHR { devices.append(member) }
            guard facts.st_mode & S_IFMT == S_IFDIR else { continue }
            try FileTree.walk(root, skipsUnreadable: true) { (entry) throws(BackupError) in
                guard entry.isDevice else { return }
                devices.append(member + entry.path.dropFirst(root.count == 1 ? 1 : root.count))
            }
        }
    }

    /// In words, one for each; at most ten.
    var words: [String] {
        let names = devices.prefix(10).map { "the device file /\(String(decoding: $0, as: UTF8.self))" }
        return devices.count > 10 ? names + ["\(devices.count - 10) other device files"] : names
    }

    /// A file that names them for tar's `--exclude-from`, read with `--anchored --wildcards`: its patterns are bytes. To be removed
    /// by the caller.
    func patternFile() throws(BackupError) -> String {
        var template = Array((FileManager.default.temporaryDirectory.path + "/holdfast-exclude-XXXXXX").utf8CString)
        let number = mkstemp(&template)
        guard number >= 0 else { throw BackupError(.storageRefused, "making a file of excluded names: errno \(errno)") }
        let file = Descriptor(adopting: number)
        defer { file.close() }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        do {
            try devices.flatMap { Self.pattern($0) + [UInt8(ascii: "\n")] }.withUnsafeBytes { try file.write($0) }
        } catch {
            unlink(path)
            throw BackupError(.storageRefused, "writing a file of excluded names", cause: error)
        }
        return path
    }

    /// Matches this name. A line of the file cannot hold a line break, and loses blanks at its end: in brackets neither matters.
    private static func pattern(_ name: [UInt8]) -> [UInt8] {
        name.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "["), 0x20, 0x09, 0x0b, 0x0c, 0x0d:
                [UInt8(ascii: "["), byte, UInt8(ascii: "]")]
            case UInt8(ascii: "\\"): [byte, byte]
            case UInt8(ascii: "\n"): Array("[[:cntrl:]]".utf8)
            default: [byte]
            }
        }
    }
}
