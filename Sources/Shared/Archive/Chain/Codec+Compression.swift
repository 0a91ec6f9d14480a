package import Deflate
package import Domain

extension Codec {
    /// The codec that a policy's or a manifest's word stands for. Throws `.configuration` for a level that it lacks.
    package init(_ compression: Compression, level: Int? = nil) throws(BackupError) {
        do throws(DeflateError) {
            self =
                switch compression {
                case .gzip: try Codec.gzip(level: level).checked()
                case .zstd: try Codec.zstd(level: level).checked()
                case .none: .none
                }
        } catch {
            throw BackupError(.configuration, "compression: \(error)")
        }
    }
}
