import Archive
import ArgumentParser
import Domain
import Foundation

/// For `deploy/bench.sh`: how fast the inspector is alone, without reading, compressing or storing anything.
struct BenchInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-inspect", abstract: "Print how many MB a second of a plain dump are inspected.",
        shouldDisplay: false)

    @Argument(help: "A plain dump, read into memory whole before the clock starts.", completion: .file())
    var file: String

    func run() throws {
        let data = try Data(contentsOf: URL(filePath: file))
        let inspector = PlainDumpInspector()
        let clock = ContinuousClock()
        let spent = clock.measure {
            data.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let chunk = rest.prefix(1 << 18)
                    inspector.consume(UnsafeRawBufferPointer(rebasing: chunk))
                    rest = rest.dropFirst(chunk.count)
                }
            }
        }
        _ = try inspector.finish()
        let seconds = Double(spent.components.seconds) + Double(spent.components.attoseconds) / 1e18
        print(Int(Double(data.count) / 1e6 / seconds))
    }
}
