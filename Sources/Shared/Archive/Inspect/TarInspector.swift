package import Domain

/// One member of a tar, as its headers have it.
package struct TarMember: Sendable {
    /// As it stands in the archive; a folder's may end with a slash.
    package let path: [UInt8]
    package let isFolder: Bool
    /// All of its headers' blocks. Of a folder they are an archive of its own, when two empty blocks come behind them.
    package let head: [UInt8]
}

/// Walks the headers of a POSIX or GNU tar as it flows by, counts its members, and demands the two empty blocks that end
/// it with nothing but zeros behind them.
package final class TarInspector: Inspector {
    private static let blockBytes = 512
    /// Room for every attribute that Linux can give one file.
    private static let longestRecords: Int64 = 1 << 20

    private var block: [UInt8] = []
    /// Padded data bytes of a sparse member, while the blocks of its map are read.
    private var bytesBehindMap: Int64?
    /// Bytes of a member's data, padded to blocks, that are still to come.
    private var dataBytes: Int64 = 0
    /// The start of an extended header's records, which can state the size of the next member.
    private var records: [UInt8]?
    private var recordBytes = 0
    /// Those are the next member's whole name, and not records.
    private var areName = false
    private var stated = TarHeader.Records()
    private var zeroBlocks = 0
    private var entries: Int64 = 0
    private var size: Int64 = 0
    private var fault: String?

    private let member: ((TarMember) -> Void)?
    /// The blocks of the next member's headers so far, while somebody wants to hear of members.
    private var head: [UInt8] = []

    /// `member` hears of each member.
    package init(member: ((TarMember) -> Void)? = nil) {
        self.member = member
        block.reserveCapacity(Self.blockBytes)
    }

    package func consume(_ bytes: UnsafeRawBufferPointer) {
        size += Int64(bytes.count)
        var position = 0
        while position < bytes.count, fault == nil {
            if dataBytes > 0 && records == nil && block.isEmpty {
                let skipped = Int(min(dataBytes, Int64(bytes.count - position)))
                dataBytes -= Int64(skipped)
                position += skipped
                continue
            }
            let taken = min(Self.blockBytes - block.count, bytes.count - position)
            block.append(contentsOf: bytes[position..<position + taken])
            position += taken
            if block.count == Self.blockBytes {
                takeBlock()
                block.removeAll(keepingCapacity: true)
            }
        }
    }

    package func finish() throws(BackupError) -> Inspection {
        if fault == nil {
            if size == 0 {
                fault = "it is empty"
            } else if zeroBlocks < 2 || !block.isEmpty {
                fault = "its end is missing"
            } else if entries == 0 {
                fault = "there is nothing in it"
            }
        }
        if let fault { throw BackupError(.integrity, "the tar is not complete: \(fault)") }
        return Inspection(entries: entries)
    }

    private func takeBlock() {
        if records != nil {
            takeRecords()
        } else if let behind = bytesBehindMap {
            if block[504] == 0 { (dataBytes, bytesBehindMap) = (behind, nil) }  // the last block of the map
        } else if block.allSatisfy({ $0 == 0 }) {
            zeroBlocks += 1
        } else if zeroBlocks > 0 {
            fault = "something follows its end"
        } else {
            takeHeader()
        }
    }

    private func takeHeader() {
        guard let header = TarHeader(block) else {
            fault = "the header of member \(entries + 1) is damaged"
            return
        }
        switch header.kind {
        case .extended, .longName:
            dataBytes = header.paddedBytes
            recordBytes = Int(min(header.dataBytes, Self.longestRecords))
            records = dataBytes > 0 ? [] : nil
            areName = header.kind == .longName
            if member != nil { head += block }
        case .auxiliary: dataBytes = header.paddedBytes
        case .member:
            entries += 1
            member?(TarMember(path: stated.path ?? header.path, isFolder: header.isFolder, head: head + block))
            head.removeAll(keepingCapacity: true)
            let padded = header.padded(stated.size ?? header.dataBytes)
            stated = TarHeader.Records()
            if header.hasSparseMap {
                bytesBehindMap = padded
            } else {
                dataBytes = padded
            }
        }
    }

    private func takeRecords() {
        dataBytes -= Int64(Self.blockBytes)
        if member != nil, head.count < 2 * Self.longestRecords { head += block }
        let known = records?.count ?? 0
        records?.append(contentsOf: block.prefix(max(0, recordBytes - known)))
        guard dataBytes <= 0, let all = records else { return }
        if areName {
            stated.path = Array(all.prefix { $0 != 0 })
        } else {
            let found = TarHeader.records(in: all)
            stated = TarHeader.Records(size: found.size ?? stated.size, path: found.path ?? stated.path)
        }
        records = nil
    }
}
