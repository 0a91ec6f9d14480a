import Foundation
import TestSupport
import Testing

/// Runs a script of `Tests/Servers` to its end, and gives what it printed. The input goes through a file, so that
/// neither side can wait for the other.
func runPython(_ script: String, input: Data) throws -> Data {
    let file = FileManager.default.temporaryDirectory.appending(path: "holdfast-\(UUID()).json")
    try input.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let python = ProcessInfo.processInfo.environment["HOLDFAST_PYTHON"] ?? "python3"
    let path = ServerProcess.servers.appending(path: script).path
    let child = try #require(popen("'\(python)' '\(path)' < '\(file.path)'", "r"))
    var output = Data()
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = fread(&chunk, 1, chunk.count, child)
        guard count > 0 else { break }
        output.append(contentsOf: chunk[..<count])
    }
    #expect(pclose(child) == 0)
    return output
}
