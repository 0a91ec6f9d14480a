package import Domain

/// What went through a chain. The digests are 64 lower-case hex digits.
package struct ChainResult: Sendable {
    package let plainBytes: Int64
    package let plainSHA256: String
    package let storedBytes: Int64
    package let storedSHA256: String
    /// The sinks that failed, by their place among those given; the others have taken every byte.
    package let sinkErrors: [Int: BackupError]
    /// What the inspector found; nil without one.
    package let inspection: Inspection?

    package init(
        plainBytes: Int64, plainSHA256: String, storedBytes: Int64, storedSHA256: String,
        sinkErrors: [Int: BackupError], inspection: Inspection?
    ) {
        self.plainBytes = plainBytes
        self.plainSHA256 = plainSHA256
        self.storedBytes = storedBytes
        self.storedSHA256 = storedSHA256
        self.sinkErrors = sinkErrors
        self.inspection = inspection
    }
}
