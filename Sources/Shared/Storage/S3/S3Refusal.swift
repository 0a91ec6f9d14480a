import Wire

/// What some stores fail a request for, though it is S3's.
enum S3Refusal: CaseIterable {
    case conditionOnPut
    case conditionOnComplete
    /// `ChecksumSHA256` in the list of parts that are joined (OpenStack Swift).
    case checksumOnComplete

    /// Those that are known before anything is sent.
    static func all(in ways: StoreWays) -> Set<S3Refusal> {
        var refused: Set<S3Refusal> = []
        if ways.conditionOnPut == .refused { refused.insert(.conditionOnPut) }
        if ways.conditionOnComplete == .refused { refused.insert(.conditionOnComplete) }
        if ways.checksumOnComplete == .refused { refused.insert(.checksumOnComplete) }
        return refused
    }
}
