import Archive
import Domain
import Foundation
import Testing

@Suite(.timeLimit(.minutes(2)))
struct InspectFileTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "inspect-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    @Test(arguments: [512, 4096, 65536])
    func aSQLiteFileIsSoundWhenItsPagesAreAllThere(pageSize: Int) throws {
        defer { try? FileManager.default.removeItem(at: folder) }  // a left folder in the temporary one harms nothing
        let sql = "PRAGMA page_size=\(pageSize); CREATE TABLE t(a); INSERT INTO t VALUES (randomblob(200000));"
        _ = try stockTool(["sqlite3", "x.db", sql], in: folder)
        let bytes = [UInt8](try Data(contentsOf: folder.appending(path: "x.db")))
        for size in [1, 7, 99, 100, 4096] where size > 1 || bytes.count < 1 << 20 {
            let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
            _ = try inspect(pieces, by: SQLiteFileInspector())
        }
        var wrongMagic = bytes
        wrongMagic[3] ^= 1
        let bad = [
            [], Array(bytes.prefix(15)), Array(bytes.prefix(60)), Array(bytes.dropLast()),
            Array(bytes.dropLast(pageSize)), bytes + [UInt8](repeating: 0, count: pageSize), wrongMagic,
        ]
        for (index, bytes) in bad.enumerated() {
            let error = #expect(throws: BackupError.self, "case \(index)") {
                try inspect([bytes[...]], by: SQLiteFileInspector())
            }
            #expect(error?.code == .integrity)
        }
    }

    @Test(arguments: ["gnu", "pax", "ustar"])
    func aTarIsWalkedToItsEnd(format: String) throws {
        defer { try? FileManager.default.removeItem(at: folder) }  // a left folder in the temporary one harms nothing
        try makeTree(withLongNamesAndHoles: format != "ustar")
        let bytes = try stockTool(
            ["tar", "--format=\(format)"] + (format == "ustar" ? [] : ["-S"]) + ["-cf", "-", "tree"], in: folder)
        let listed = try stockTool(["tar", "-tf", "-"], bytes).filter { $0 == UInt8(ascii: "\n") }.count
        let wanted = String(
            decoding: try stockTool(["tar", "--quoting-style=literal", "-tf", "-"], bytes), as: UTF8.self
        )
        .split(separator: "\n").map(String.init)
        for size in [1, 511, 512, 513, 10_240, bytes.count] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
            var names: [String] = []
            let inspector = TarInspector { member in
                let name = String(decoding: member.path, as: UTF8.self)
                names.append(member.isFolder && !name.hasSuffix("/") ? name + "/" : name)
            }
            #expect(try inspect(pieces, by: inspector).entries == Int64(listed), "pieces of \(size)")
            #expect(names == wanted, "pieces of \(size)")
        }
        // The end is two empty blocks; what tar adds to fill its record may be cut.
        let end = try #require(bytes.lastIndex { $0 != 0 }) / 512 * 512 + 512 + 1024
        for length in stride(from: 0, to: end, by: 171) {
            #expect(throws: BackupError.self, "cut to \(length)") {
                try inspect([bytes.prefix(length)], by: TarInspector())
            }
        }
        #expect(throws: BackupError.self) { try inspect([(bytes + [1])[...]], by: TarInspector()) }
        #expect(throws: BackupError.self) { try inspect([bytes[...], bytes[...]], by: TarInspector()) }
    }

    @Test func aDamagedTarHeaderIsSeen() throws {
        defer { try? FileManager.default.removeItem(at: folder) }  // a left folder in the temporary one harms nothing
        try makeTree(withLongNamesAndHoles: false)
        let bytes = try stockTool(["tar", "-cf", "-", "tree"], in: folder)
        for position in [0, 100, 124, 130, 148, 156] {
            var damaged = bytes
            damaged[position] ^= 0x11
            let error = #expect(throws: BackupError.self, "byte \(position)") {
                try inspect([damaged[...]], by: TarInspector())
            }
            #expect(error?.code == .integrity)
        }
    }

    private func makeTree(withLongNamesAndHoles: Bool) throws {
        let tree = folder.appending(path: "tree")
        try FileManager.default.createDirectory(at: tree.appending(path: "empty"), withIntermediateDirectories: true)
        for size in [0, 1, 511, 512, 513, 5000] {
            try Data(repeating: 7, count: size).write(to: tree.appending(path: "file-\(size)"))
        }
        try FileManager.default.createSymbolicLink(
            atPath: tree.appending(path: "link").path, withDestinationPath: "file-512")
        try FileManager.default.linkItem(at: tree.appending(path: "file-513"), to: tree.appending(path: "hard"))
        guard withLongNamesAndHoles else { return }
        try Data([1]).write(to: tree.appending(path: "ü".padding(toLength: 120, withPad: "long", startingAt: 0)))
        // Holes, for the sparse formats: more than the four that fit into GNU's first header.
        let sparse = tree.appending(path: "sparse")
        try Data().write(to: sparse)
        let handle = try FileHandle(forWritingTo: sparse)
        for place in 0..<40 {
            try handle.seek(toOffset: UInt64(place) << 20)
            try handle.write(contentsOf: Data(repeating: UInt8(place), count: 700))
        }
        try handle.close()
    }
}
