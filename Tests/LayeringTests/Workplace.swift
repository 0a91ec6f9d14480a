/// The project stands on its own: no path, host or tool of the place where it happens to be written.
enum Workplace {
    /// Put together from halves, so that this list does not find itself.
    private static let marks = [
        ("/wo", "rk/"), ("/fa", "rm/"), ("/opt/swift-", "packages"), ("farm", "-bench"), ("farm", "-studio"),
        (".libr", "ary/"), ("deb.deb", "ian"), ("py", "pi.org"), ("python", "hosted"), ("/root/.", "pyenv"),
    ].map { $0.0 + $0.1 }

    static func violations(in files: [TextFile]) -> [String] {
        files.flatMap { file in
            file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().flatMap { number, line in
                marks.filter { line.contains($0) }.map { "\(file.path):\(number + 1) names \($0)" }
            }
        }
    }
}
