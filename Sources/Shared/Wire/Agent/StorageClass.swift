extension Destination.S3 {
    /// The classes whose objects can be read only after they were restored from the archive, which takes hours.
    private static let archives = ["GLACIER", "DEEP_ARCHIVE"]

    /// What whoever sets an archive class has to know; nil for other classes.
    package var archiveWarning: String? {
        guard let storageClass, Self.archives.contains(storageClass.uppercased()) else { return nil }
        return
            "the storage class \(storageClass) is an archive: nothing in it can be read, so verified or restored, before "
            + "`aws s3api restore-object` has brought it back, which takes hours; GLACIER_IR can be read at once"
    }
}
