import Foundation
import Testing

/// The `openssl` program as a second opinion, in a folder of its own.
struct OpenSSLCommand {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-sealing-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func remove() throws { try FileManager.default.removeItem(at: folder) }

    func write(_ name: String, _ text: String) throws {
        try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }

    func read(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    /// Runs a shell command in the folder; what it printed on both streams, and its exit status.
    func run(_ command: String) throws -> (status: Int32, output: String) {
        let child = try Self.start(command, in: folder)
        let output = Self.rest(of: child)
        return (Self.end(child), output)
    }

    static func start(_ command: String, in folder: URL) throws -> UnsafeMutablePointer<FILE> {
        try #require(popen("cd '\(folder.path)' && { \(command) ; } 2>&1", "r"))
    }

    static func line(of child: UnsafeMutablePointer<FILE>) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        guard fgets(&buffer, Int32(buffer.count), child) != nil else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func rest(of child: UnsafeMutablePointer<FILE>) -> String {
        sequence(state: ()) { _ in line(of: child) }.joined()
    }

    static func end(_ child: UnsafeMutablePointer<FILE>) -> Int32 { pclose(child) >> 8 }
}
