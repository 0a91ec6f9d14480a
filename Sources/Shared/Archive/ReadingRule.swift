package import Domain

/// What reading one copy again may cost: objects and what is said of them come from hosts and stores, of which one may have been
/// taken over. What costs more is not damaged, it is only not read.
package enum ReadingRule {
    /// So many plain bytes are read whatever they are made of.
    package static let always: Int64 = 4 << 30
    /// Beyond that an object may decompress to so many times its size.
    private static let ratio: Int64 = 2000

    /// Throws `.storageRefused` for an object that is said to be more than may be read.
    package static func check(_ object: Manifest.Object) throws(BackupError) {
        guard object.plainBytes > always, object.plainBytes / ratio > max(object.storedBytes, 1) else { return }
        throw BackupError(
            .storageRefused,
            "\(object.name) is said to hold \(object.plainBytes) bytes in \(object.storedBytes) stored ones: what is packed more "
                + "than \(ratio) times is not read here; its host can restore it (`holdfast-agent restore`)")
    }

    /// How long reading all of it may take: 10 minutes, and as long as a slow store and a slow machine need.
    package static func longest(storedBytes: Int64, plainBytes: Int64) -> Duration {
        .seconds(600 + storedBytes >> 20 + plainBytes / (20 << 20))
    }

    /// What took longer than that.
    package static var tookTooLong: BackupError {
        BackupError(
            .storageRefused, "reading it took longer than its size allows; its host can restore it without a limit")
    }
}
