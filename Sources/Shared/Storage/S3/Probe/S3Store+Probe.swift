package import Domain
import Foundation
import Sealing
import Transfer
package import Wire

extension S3Store {
    /// The folder of probes below a prefix.
    package static func probeFolder(_ prefix: String) -> String { "\(prefix).holdfast/probe/" }

    /// Finds by small objects what this store does with what S3 promises, and removes them again, with what earlier probes left.
    ///
    /// `folder` ends in a slash and holds nothing else; `token` is new each time. Needs the rights to put, to look, to list and to
    /// delete there: what is lacking is told in the notes. Throws when nothing could be found: `.storageUnavailable`,
    /// or `.storageRefused` with the reason.
    package func probe(in folder: String, token: String) throws(BackupError) -> ProbeFindings {
        try ObjectKey.check(folder + token)
        var probe = StoreProbe(
            ask: ProbeRequests(session: session, stop: stop, nonce: token), folder: "\(folder)\(token)/")
        do throws(BackupError) {
            try probe.run()
        } catch {
            // The reason counts, and not what may be left: the next probe removes it.
            try? removeProbes(folder)
            throw error
        }
        do throws(BackupError) {
            try removeProbes(folder)
        } catch {
            probe.findings.notes.append("what the probe stored could not be removed: \(error.message)")
        }
        return probe.findings
    }

    private func removeProbes(_ folder: String) throws(BackupError) {
        for object in try list(prefix: folder) { try delete(object.key) }
    }
}

/// One probe with all rights.
private struct StoreProbe {
    let ask: ProbeRequests
    let folder: String
    var findings = ProbeFindings()

    /// With what keys of backups may hold, and what stores are known to mangle.
    private var odd: String { "\(folder)100%25 of a+b ü~(1)'&=;,@$!" }

    mutating func run() throws(BackupError) {
        try checksumOnPut()
        try conditionOnPut()
        try look()
        try checksumOnComplete()
        try conditionOnComplete()
        try smallParts()
        try keys()
        try bucket()
    }

    private mutating func checksumOnPut() throws(BackupError) {
        let (key, text) = ("\(folder)a", "holdfast\n")
        var first = try ask.put(key, text, .right)
        if let failure = first.failure, !failure.lacksRight {
            findings.ways.checksumOnPart = .refused
            first = try ask.put(key, text)
        }
        let etag = (try first.required()["ETag"] ?? "").filter { $0 != "\"" }
        findings.ways.etagIsMD5 = etag == Array(text.utf8).withUnsafeBytes { md5($0) }.hexText
        guard findings.ways.checksumOnPart == nil else { return }
        let other = try ask.put("\(folder)b", text, .wrong)
        findings.ways.checksumOnPart = other.answer == nil ? .honoured : .ignored
    }

    private var withChecksum: Bool { findings.ways.checksumOnPart != .refused }

    private mutating func conditionOnPut() throws(BackupError) {
        let (key, checksum) = ("\(folder)c", withChecksum ? ProbeRequests.Checksum.right : .none)
        let new = try ask.put(key, "1", checksum, isConditional: true)
        guard new.answer != nil else {
            findings.ways.conditionOnPut = .refused
            return
        }
        let taken = try ask.put(key, "2", checksum, isConditional: true)
        findings.ways.conditionOnPut = taken.answer == nil ? .honoured : .ignored
    }

    private mutating func look() throws(BackupError) {
        let seen = try ask.head("\(folder)a")
        guard let answer = seen.answer else {
            findings.notes.append("HEAD is refused: what it tells is not known")
            return
        }
        findings.ways.keepsMetadata = answer[S3Session.nonceHeader] == ask.nonce
        findings.ways.headTellsChecksum = answer["x-amz-checksum-sha256"] != nil
    }

    private mutating func checksumOnComplete() throws(BackupError) {
        guard withChecksum else {
            findings.ways.checksumOnComplete = .refused
            return
        }
        let key = "\(folder)d"
        try upload(key, ["1"]) { (upload, parts) throws(BackupError) in
            // The wrong one first: a store that takes it has taken the upload.
            if try ask.complete(key, upload, parts, .wrong).answer != nil {
                findings.ways.checksumOnComplete = .ignored
            } else if try ask.complete(key, upload, parts, .right).answer != nil {
                findings.ways.checksumOnComplete = .honoured
            } else {
                _ = try ask.complete(key, upload, parts, .none).required()
                findings.ways.checksumOnComplete = .refused
            }
        }
    }

    private var listed: ProbeRequests.Checksum { findings.ways.checksumOnComplete == .refused ? .none : .right }

    private mutating func conditionOnComplete() throws(BackupError) {
        let (key, listed) = ("\(folder)e", listed)
        for isTaken in [false, true] where findings.ways.conditionOnComplete != .refused {
            try upload(key, ["1"]) { (upload, parts) throws(BackupError) in
                let done = try ask.complete(key, upload, parts, listed, isConditional: true).answer != nil
                findings.ways.conditionOnComplete =
                    isTaken ? (done ? .ignored : .honoured) : (done ? nil : .refused)
            }
        }
    }

    private mutating func smallParts() throws(BackupError) {
        let (key, listed) = ("\(folder)f", listed)
        try upload(key, ["1", "2"]) { (upload, parts) throws(BackupError) in
            findings.ways.joinsSmallParts = try ask.complete(key, upload, parts, listed).answer != nil
        }
    }

    /// Begins an upload of these parts; what `end` leaves of it is aborted.
    private func upload(
        _ key: String, _ texts: [String], _ end: (String, [PartReceipt]) throws(BackupError) -> Void
    ) throws(BackupError) {
        let id = try ask.create(key, withChecksum: withChecksum)
        do throws(BackupError) {
            var parts: [PartReceipt] = []
            for (index, text) in texts.enumerated() {
                parts.append(try ask.part(index + 1, of: key, id, text, withChecksum: withChecksum))
            }
            try end(id, parts)
        } catch {
            try? ask.abort(key, id)  // the first error counts
            throw error
        }
        try ask.abort(key, id)
    }

    private mutating func keys() throws(BackupError) {
        guard try ask.put(odd, "1", withChecksum ? .right : .none).answer != nil else {
            findings.ways.keepsKeys = false
            return
        }
        let page = try ask.bucket([
            ("list-type", "2"), ("prefix", "\(folder)1"), ("encoding-type", "url"), ("max-keys", "10"),
        ])
        guard let answer = page.answer, let listed = try? S3Answers.listing(answer) else {
            findings.notes.append("listing is refused: whether keys come back as they were is not known")
            return
        }
        let isFound = try ask.head(odd).answer != nil
        findings.ways.keepsKeys = isFound && listed.objects.map(\.key) == [odd]
    }

    private mutating func bucket() throws(BackupError) {
        let versioning = try ask.bucket([("versioning", "")])
        if let answer = versioning.answer {
            findings.ways.versioning = XMLNode.parse(answer.body)?.text("Status") == "Enabled"
        } else {
            findings.notes.append(Self.unknown("versioning", "s3:GetBucketVersioning", versioning))
        }
        let lock = try ask.bucket([("object-lock", "")])
        if let answer = lock.answer {
            let configuration = XMLNode.parse(answer.body)
            let isOn = configuration?.text("ObjectLockEnabled") == "Enabled"
            // Without one nothing is locked: uploads ask for no time of their own.
            let hasDefault = String(decoding: answer.body, as: UTF8.self).contains("<DefaultRetention>")
            findings.ways.lock = isOn && hasDefault
            if isOn, !hasDefault {
                findings.notes.append("Object Lock is on, without a default retention: nothing is locked by it")
            }
        } else if lock.failure?.status == 404 {
            findings.ways.lock = false
        } else {
            findings.notes.append(Self.unknown("Object Lock", "s3:GetBucketObjectLockConfiguration", lock))
        }
    }

    private static func unknown(_ what: String, _ right: String, _ judgement: ProbeRequests.Judgement) -> String {
        judgement.lacksRight
            ? "whether the bucket has \(what) is not known: these credentials lack \(right)"
            : "whether the bucket has \(what) is not known: the store does not answer that"
    }
}
