/// What a store makes of one thing that S3 promises.
package enum StoreAnswer: String, Codable, Sendable, CaseIterable {
    /// It does what S3 does.
    case honoured
    /// It takes the request as if that were not asked for.
    case ignored
    /// It fails a request that asks for that.
    case refused
}

/// What a store does, as far as it is known: by a probe, or because `fleet.yaml` says so. Nil is not known.
package struct StoreWays: Codable, Sendable, Equatable {
    /// `If-None-Match: *` of PutObject.
    package var conditionOnPut: StoreAnswer?
    /// The same where parts are joined.
    package var conditionOnComplete: StoreAnswer?
    /// `x-amz-checksum-sha256` of PutObject and UploadPart: honoured where other bytes are refused.
    package var checksumOnPart: StoreAnswer?
    /// `ChecksumSHA256` in the list of parts that are joined.
    package var checksumOnComplete: StoreAnswer?
    /// HEAD gives the SHA-256 that the store itself computed.
    package var headTellsChecksum: Bool?
    /// HEAD gives the metadata that an object was stored with.
    package var keepsMetadata: Bool?
    /// The ETag of a single request is the MD5 of the bytes.
    package var etagIsMD5: Bool?
    /// Parts smaller than 5 MiB can be joined.
    package var joinsSmallParts: Bool?
    /// Parts of an upload need not be of one size, but for the last. Nil counts as yes: no probe is that large.
    package var takesUnequalParts: Bool?
    /// Keys with `%`, blanks and letters beyond ASCII come back as they were.
    package var keepsKeys: Bool?
    /// What is overwritten or deleted stays as an older version.
    package var versioning: Bool?
    /// The bucket has Object Lock.
    package var lock: Bool?

    package init() {}

    /// An answer that this program does not know yet is one that is not known.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func answer(_ key: CodingKeys) throws -> StoreAnswer? {
            try values.decodeIfPresent(Word<StoreAnswer>.self, forKey: key)?.value
        }
        conditionOnPut = try answer(.conditionOnPut)
        conditionOnComplete = try answer(.conditionOnComplete)
        checksumOnPart = try answer(.checksumOnPart)
        checksumOnComplete = try answer(.checksumOnComplete)
        headTellsChecksum = try values.decodeIfPresent(Bool.self, forKey: .headTellsChecksum)
        keepsMetadata = try values.decodeIfPresent(Bool.self, forKey: .keepsMetadata)
        etagIsMD5 = try values.decodeIfPresent(Bool.self, forKey: .etagIsMD5)
        joinsSmallParts = try values.decodeIfPresent(Bool.self, forKey: .joinsSmallParts)
        takesUnequalParts = try values.decodeIfPresent(Bool.self, forKey: .takesUnequalParts)
        keepsKeys = try values.decodeIfPresent(Bool.self, forKey: .keepsKeys)
        versioning = try values.decodeIfPresent(Bool.self, forKey: .versioning)
        lock = try values.decodeIfPresent(Bool.self, forKey: .lock)
    }

    /// The same with what `said` knows in its place.
    package func overridden(by said: StoreWays?) -> StoreWays {
        guard let said else { return self }
        var ways = self
        for way in Self.answers { ways[keyPath: way.path] = said[keyPath: way.path] ?? ways[keyPath: way.path] }
        for way in Self.facts { ways[keyPath: way.path] = said[keyPath: way.path] ?? ways[keyPath: way.path] }
        return ways
    }

    /// One way that is an answer, by the name that it has in `fleet.yaml`.
    package typealias AnswerWay = (name: String, path: WritableKeyPath<StoreWays, StoreAnswer?>)

    /// One way that holds or does not, by the name that it has in `fleet.yaml`.
    package typealias FactWay = (name: String, path: WritableKeyPath<StoreWays, Bool?>)

    /// The ways that are answers.
    package static var answers: [AnswerWay] {
        [
            ("conditionOnPut", \.conditionOnPut), ("conditionOnComplete", \.conditionOnComplete),
            ("checksumOnPart", \.checksumOnPart), ("checksumOnComplete", \.checksumOnComplete),
        ]
    }

    /// The ways that hold or do not.
    package static var facts: [FactWay] {
        [
            ("headTellsChecksum", \.headTellsChecksum), ("keepsMetadata", \.keepsMetadata), ("etagIsMD5", \.etagIsMD5),
            ("joinsSmallParts", \.joinsSmallParts), ("takesUnequalParts", \.takesUnequalParts),
            ("keepsKeys", \.keepsKeys),
            ("versioning", \.versioning), ("lock", \.lock),
        ]
    }
}

/// What a probe of a store found.
package struct ProbeFindings: Codable, Sendable, Equatable {
    package var ways = StoreWays()
    /// What could not be found and why, a sentence each.
    package var notes: [String] = []

    package init() {}
}
