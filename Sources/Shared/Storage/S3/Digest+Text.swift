import Foundation
import Sealing

extension [UInt8] {
    /// As S3 wants digests in signatures.
    var hexText: String { hex(self) }

    /// As S3 wants digests in checksum headers.
    var base64Text: String { Data(self).base64EncodedString() }
}
