import Domain
import Glibc

/// What a host wants left out of its application files: tar's patterns. A relative one, such as `*.log` or `cache/tmp`, matches
/// at any depth; an absolute one, such as `/srv/app/cache`, matches from `/` on. Either takes what lies below with it.
struct Exclusion {
    /// Relative patterns, as they are.
    private let anywhere: [String]
    /// Absolute ones, without their slash, as they stand and by way of their folder's real path: tar reads a path by both.
    private let anchored: [[UInt8]]
    /// Absolute ones that can match nothing in the members.
    private let idle: [String]

    /// `members` are relative to `/`, as tar is given them.
    init(_ patterns: [String], of members: [[UInt8]]) {
        let trimmed = patterns.map(Self.withoutIdleSlashes)
        let absolute = trimmed.filter { $0.hasPrefix("/") }.map { ($0, Self.forms(of: $0)) }
        anywhere = trimmed.filter { !$0.hasPrefix("/") }
        anchored = absolute.flatMap { $1 }
        idle = absolute.filter { !$1.contains { Self.canMatch($0, in: members) } }.map { $0.0 }
    }

    /// For tar, to stand before all other patterns.
    var arguments: [String] { anywhere.map { "--exclude=\($0)" } }

    /// For tar's `--exclude-from` with `--anchored --wildcards`.
    func lines(below prefix: [UInt8]) -> [[UInt8]] { anchored.map { prefix + Self.line($0) } }

    /// Whether what has this path (relative to `/`) is excluded, by itself or with a folder that it is in.
    func covers(_ path: [UInt8]) -> Bool {
        if anchored.contains(where: { Self.matches($0, path[...]) }) { return true }
        var rest = path[...]
        while true {
            if anywhere.contains(where: { Self.matches(Array($0.utf8), rest) }) { return true }
            guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return false }
            rest = rest[(slash + 1)...]
        }
    }

    var notes: [String] {
        idle.map { "exclude: \($0) lies under none of the paths, so it excludes nothing" }
    }

    /// As GNU tar matches: a star takes slashes too, and a pattern for a folder takes all that is in it.
    private static func matches(_ pattern: [UInt8], _ path: ArraySlice<UInt8>) -> Bool {
        let leadingFolder: Int32 = 1 << 3  // FNM_LEADING_DIR, a macro of GNU's
        return fnmatch(cString(pattern[...]), cString(path), leadingFolder) == 0
    }

    private static func cString(_ bytes: ArraySlice<UInt8>) -> [CChar] { bytes.map(CChar.init(bitPattern:)) + [0] }

    /// With one at its end, or two in a row, a pattern matches nothing.
    private static func withoutIdleSlashes(_ pattern: String) -> String {
        (pattern.hasPrefix("/") ? "/" : "") + pattern.split(separator: "/").joined(separator: "/")
    }

    private static func forms(of pattern: String) -> [[UInt8]] {
        let bytes = Array(pattern.utf8)
        let plain = bytes.firstIndex(where: isWildcard).map { bytes[..<$0] } ?? bytes[...]
        guard let slash = plain.lastIndex(of: UInt8(ascii: "/")) else { return [Array(bytes.dropFirst())] }
        let folder = String(decoding: bytes[..<slash], as: UTF8.self)
        let own = Array(bytes.drop { $0 == UInt8(ascii: "/") })
        guard let real = FileIdentity.realPathBytes(folder.isEmpty ? "/" : folder), real != Array(folder.utf8) else {
            return [own]
        }
        let other = real.count == 1 ? [] : escaped(Array(real.dropFirst())) + [UInt8(ascii: "/")]
        let byWay = other + bytes[(slash + 1)...]
        return byWay == own ? [own] : [own, byWay]
    }

    private static func canMatch(_ pattern: [UInt8], in members: [[UInt8]]) -> Bool {
        let plain = pattern.firstIndex(where: isWildcard).map { pattern[..<$0] } ?? pattern[...]
        let slash = [UInt8(ascii: "/")]
        return members.contains { member in
            member == ApplicationEngine.everything || plain.starts(with: member + slash)
                || (plain.count < pattern.count
                    ? member.starts(with: plain) : (member + slash).starts(with: plain + slash))
        }
    }

    private static func isWildcard(_ byte: UInt8) -> Bool { "*?[\\".utf8.contains(byte) }

    // MARK: lines for tar

    /// The pattern that matches this name and no other.
    static func escaped(_ name: [UInt8]) -> [UInt8] {
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

    /// A line of a file cannot hold a line break, and loses blanks at its end: in brackets neither matters.
    private static func line(_ pattern: [UInt8]) -> [UInt8] {
        let broken = pattern.flatMap { $0 == UInt8(ascii: "\n") ? Array("[[:cntrl:]]".utf8) : [$0] }
        guard let last = broken.last, [0x20, 0x09, 0x0b, 0x0c, 0x0d].contains(last) else { return broken }
        return broken.dropLast() + [UInt8(ascii: "["), last, UInt8(ascii: "]")]
    }
}
