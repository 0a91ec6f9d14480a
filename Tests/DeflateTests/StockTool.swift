import Foundation

/// A tool of the system, for checking that it reads what is written here and the other way round.
enum StockTool {
    struct Failed: Error {
        let status: Int32
        let message: String
    }

    /// Feeds `input` to `command` (found in the PATH) and returns its output. Throws when its status is not 0.
    static func run(_ command: [String], _ input: [UInt8]) throws -> [UInt8] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "stock-tool-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // a left folder in the temporary one harms nothing
        let names = ["input", "output", "errors"].map { folder.appending(path: $0) }
        for name in names { try Data().write(to: name) }
        try Data(input).write(to: names[0])
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.standardInput = try FileHandle(forReadingFrom: names[0])
        process.standardOutput = try FileHandle(forWritingTo: names[1])
        process.standardError = try FileHandle(forWritingTo: names[2])
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failed(
                status: process.terminationStatus, message: try String(contentsOf: names[2], encoding: .utf8))
        }
        return [UInt8](try Data(contentsOf: names[1]))
    }
}
