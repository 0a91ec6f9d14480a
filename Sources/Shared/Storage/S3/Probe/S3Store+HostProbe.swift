package import Domain
import Transfer
package import Wire

/// What a host's own credentials can do at a store.
package struct HostProbe: Sendable, Equatable {
    /// What follows from its answers. Where the store tells write-only credentials nothing, it is not known.
    package var ways = StoreWays()
    /// What they may do though a host need not: P5 rests on their not being able to.
    package var excess: [Excess] = []

    /// A right that a host does not need.
    package enum Excess: String, Sendable {
        case read = "read objects"
        case delete = "delete objects"
        case list = "list the bucket"
        case writeElsewhere = "write outside of this host's folder"
    }
}

extension S3Store {
    /// Tries with a host's own credentials what a backup does: a small object by one request, and one by parts, below `folder`
    /// (the host's own, ending in a slash), under names that are the same each time. What may be removed is.
    ///
    /// Throws what would stop a backup there.
    package func probeAsHost(prefix: String, folder: String, token: String) throws(BackupError) -> HostProbe {
        try ObjectKey.check(prefix + folder + "x")
        var probe = WriterProbe(
            ask: ProbeRequests(session: session, stop: stop, nonce: token), own: Self.probeFolder(prefix + folder),
            elsewhere: Self.probeFolder(prefix) + "not-a-host")
        try probe.run()
        return probe.found
    }
}

private struct WriterProbe {
    let ask: ProbeRequests
    let own: String
    let elsewhere: String
    var found = HostProbe()

    mutating func run() throws(BackupError) {
        found.ways = ask.session.configuration.ways
        try single()
        try parts()
        try excess()
    }

    private var checksum: ProbeRequests.Checksum { found.ways.checksumOnPart == .refused ? .none : .right }

    /// Twice: the second finds the name taken.
    private mutating func single() throws(BackupError) {
        let key = "\(own)host"
        let isConditional = found.ways.conditionOnPut != .refused
        let first = try ask.put(key, "1", checksum, isConditional: isConditional)
        if isConditional, first.failure?.kind == .notImplemented {
            found.ways.conditionOnPut = .refused
            return try single()
        }
        if first.failure?.kind != .precondition { _ = try first.required() }
        guard isConditional else { return }
        let taken = try ask.put(key, "2", checksum, isConditional: true)
        found.ways.conditionOnPut = taken.failure?.kind == .precondition ? .honoured : .ignored
    }

    private mutating func parts() throws(BackupError) {
        let key = "\(own)host-in-parts"
        // Where it is not known whether the name is taken, the second finds it so.
        for _ in 1...2 {
            let id = try ask.create(key, withChecksum: checksum == .right)
            let part = try ask.part(1, of: key, id, "1", withChecksum: checksum == .right)
            let done = try joined(key, id, [part])
            if done.answer == nil { try ask.abort(key, id) }
            if done.failure?.kind != .precondition { _ = try done.required() }
            guard found.ways.conditionOnComplete != .refused else { return }
            found.ways.conditionOnComplete = done.failure?.kind == .precondition ? .honoured : .ignored
        }
    }

    private mutating func joined(
        _ key: String, _ id: String, _ parts: [PartReceipt]
    ) throws(BackupError) -> ProbeRequests.Judgement {
        let done = try ask.complete(
            key, id, parts, found.ways.checksumOnComplete == .refused ? .none : checksum,
            isConditional: found.ways.conditionOnComplete != .refused)
        if done.failure?.kind == .notImplemented, found.ways.conditionOnComplete != .refused {
            found.ways.conditionOnComplete = .refused
        } else if done.failure?.code == "MalformedXML", found.ways.checksumOnComplete != .refused {
            found.ways.checksumOnComplete = .refused
        } else {
            return done
        }
        return try joined(key, id, parts)
    }

    private mutating func excess() throws(BackupError) {
        let key = "\(own)host"
        if try ask.put(elsewhere, "1", checksum, isConditional: found.ways.conditionOnPut != .refused).isAllowed {
            found.excess.append(.writeElsewhere)
        }
        var read = S3Operation("read \(key)", "GET", key: key)
        read.answerLimit = 64 << 10
        if try ask.ask(read).answer != nil { found.excess.append(.read) }
        let page = [("list-type", "2"), ("prefix", own), ("max-keys", "1")].map { (name: $0.0, value: $0.1) }
        if try ask.bucket(page).answer != nil { found.excess.append(.list) }
        guard try ask.delete(key).answer != nil else { return }
        found.excess.append(.delete)
        for key in ["\(own)host-in-parts", elsewhere] { _ = try ask.delete(key) }
    }
}

extension ProbeRequests.Judgement {
    /// A name that is taken may be written as well.
    fileprivate var isAllowed: Bool { answer != nil || failure?.kind == .precondition }
}
