import Domain
import Wire

/// Which promises hold at a destination, by what is known of its store.
enum StorePromises {
    static func lines(_ destination: Destination, _ ways: StoreWays) -> [DestinationView.Held] {
        guard let s3 = destination.s3 else {
            return [
                held("P1", true, "what was written is read again and its SHA-256 compared"),
                held("P5", nil, "a directory of the host: who is root there can read, change and delete it"),
            ]
        }
        return [bytes(ways, s3), overwriting(ways), deleting(ways)] + names(ways) + reading(destination)
    }

    /// The warning for whoever applies an archive class.
    static func archive(_ destination: Destination) -> String? {
        destination.s3?.archiveWarning.map { "destination \(destination.name): \($0)" }
    }

    private static func bytes(_ ways: StoreWays, _ s3: Destination.S3) -> DestinationView.Held {
        if ways.checksumOnPart == .honoured {
            return held("P1", true, "the store refuses bytes that are not those that were sent (SHA-256)")
        }
        if ways.etagIsMD5 == true, s3.sse != "aws:kms" {
            return held("P1", true, "the store's ETag (MD5) is compared with what was sent")
        }
        let isKnown = ways.checksumOnPart != nil && ways.etagIsMD5 != nil
        return held(
            "P1", isKnown ? false : nil,
            isKnown
                ? "the store proves size and nothing of the bytes: a backup there is proven when it was read (verify)"
                : "not known yet what the store proves of bytes")
    }

    private static func overwriting(_ ways: StoreWays) -> DestinationView.Held {
        if ways.conditionOnPut == .honoured, ways.conditionOnComplete == .honoured {
            return held("P5", true, "a name that is taken is refused: nothing is overwritten")
        }
        if ways.lock == true || ways.versioning == true {
            return held("P5", true, "what is overwritten stays as an older version")
        }
        let isKnown = ways.conditionOnPut != nil && ways.conditionOnComplete != nil
        return held(
            "P5", isKnown ? false : nil,
            "names carry a random token, since the store is not known to refuse a name that is taken; who knows one can overwrite "
                + "it: turn on versioning or Object Lock")
    }

    private static func deleting(_ ways: StoreWays) -> DestinationView.Held {
        if ways.lock == true { return held("P5", true, "Object Lock is on: nobody deletes before its time") }
        if ways.versioning == true { return held("P5", true, "what is deleted stays as an older version") }
        return held(
            "P5", nil,
            "that a host can neither read nor delete rests on the rights of its credentials; `holdfast-agent doctor` there "
                + "tells them")
    }

    private static func names(_ ways: StoreWays) -> [DestinationView.Held] {
        guard ways.keepsKeys == false else { return [] }
        return [held("P7", false, "the store changes names with %, blanks or letters beyond ASCII")]
    }

    private static func reading(_ destination: Destination) -> [DestinationView.Held] {
        destination.s3?.archiveWarning.map { [held("P7", false, $0)] } ?? []
    }

    private static func held(_ promise: String, _ holds: Bool?, _ words: String) -> DestinationView.Held {
        .init(promise: promise, holds: holds, words: words)
    }
}
