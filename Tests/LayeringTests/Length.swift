/// A file is one thing: longer than this, it is two.
enum Length {
    static func violations(in files: [TextFile], limit: Int) -> [String] {
        files.compactMap { file in
            let count = file.text.utf8.count { $0 == UInt8(ascii: "\n") }
            return count > limit ? "\(file.path) has \(count) lines, \(limit) at most" : nil
        }
    }
}
