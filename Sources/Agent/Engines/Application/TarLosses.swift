import Synchronization

/// What tar could not give to files that it unpacked, as it says on its standard error while it goes on and exits 0: attributes
/// and ACLs that only root may set, that the file system does not keep, or that the kernel refuses.
final class TarLosses: Sendable {
    private struct State {
        var line: [UInt8] = []
        var lost: [String: (count: Int, first: String)] = [:]
    }
    private let state = Mutex(State())

    /// Longer lines are names that would fill memory.
    private static let longestLine = 16 << 10

    /// The next bytes of its standard error; nil at the end.
    func take(_ bytes: UnsafeRawBufferPointer?) {
        state.withLock { state in
            for byte in bytes.map(Array.init) ?? [UInt8(ascii: "\n")] {
                if byte != UInt8(ascii: "\n") {
                    if state.line.count < Self.longestLine { state.line.append(byte) }
                } else {
                    Self.note(String(decoding: state.line, as: UTF8.self), in: &state)
                    state.line.removeAll(keepingCapacity: true)
                }
            }
        }
    }

    /// `tar: setxattrat: Cannot set 'user.x' extended attribute for file 'a/b': Operation not supported`, and of ACLs
    /// `tar: acl_set_file_at: Cannot set POSIX ACLs for file 'a/b': …` (xattrs.c; quoted as in the C locale).
    private static func note(_ line: String, in state: inout State) {
        let attribute = /[^:]+: \w+: Cannot set '(.+?)' extended attribute for file '(.*)': ([^:]+)/
        let acl = /[^:]+: \w+: Cannot (?:set|drop default) (POSIX ACLs) for file '(.*)': ([^:]+)/
        guard let match = line.wholeMatch(of: attribute) ?? line.wholeMatch(of: acl) else { return }
        let what = "\(match.1) (\(match.3))"
        guard state.lost.count < 50 || state.lost[what] != nil else { return }
        state.lost[what, default: (0, String(match.2.prefix(300)))].count += 1
    }

    /// In words, one for each attribute and reason.
    var words: [String] {
        state.withLock { state in
            state.lost.sorted { $0.key < $1.key }.map { what, files in
                files.count == 1
                    ? "\(what) of \(files.first)" : "\(what) of \(files.first) and \(files.count - 1) other files"
            }
        }
    }
}
