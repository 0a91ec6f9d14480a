import Domain
import Settings

extension FleetPolicy {
    private static let keys = [
        "selector", "timezone", "tiers", "destinations", "compression", "encryption", "rpo", "rto", "floor", "spread",
        "shrink", "shrinkOf",
    ]

    init(name: String, _ value: Setting, destinations known: [String]) throws(BackupError) {
        let fields = try value.fields(Self.keys)
        let zone = try Self.zone(fields["timezone"])
        var selector: [String: String] = [:]
        for (key, value) in try fields["selector"]?.entries() ?? [] { selector[key] = try value.text() }
        guard let tiersSetting = fields["tiers"] else { throw value.mistake("tiers: is missing") }
        let tiers = try Self.tiers(tiersSetting, zone: zone)
        let codec = try Self.compression(fields["compression"])
        try Self.refuseEncryption(fields["encryption"])
        self.init(
            name: name, selector: selector, tiers: tiers,
            destinations: try Self.destinations(fields["destinations"], known: known), compression: codec.0,
            compressionLevel: codec.level, rpoSeconds: try Self.seconds(fields["rpo"]),
            rtoSeconds: try Self.seconds(fields["rto"]), floor: try fields["floor"]?.number(1...1000) ?? 3,
            spreadSeconds: try Self.seconds(fields["spread"]), timeZone: zone)
        if let shrink = fields["shrink"] { shrinkShare = try Self.shrink(shrink) }
        for (database, value) in try fields["shrinkOf"]?.entries() ?? [] {
            shrinkOf[database] = .some(try Self.shrink(value))
        }
    }

    /// A share, or `off`.
    private static func shrink(_ value: Setting) throws(BackupError) -> Double? {
        try value.text() == "off" ? nil : value.checked { (it) throws(BackupError) in try Amount.share(try it.text()) }
    }

    private static func zone(_ value: Setting?) throws(BackupError) -> String {
        guard let value else { return "UTC" }
        return try value.checked { (it) throws(BackupError) in
            // Any expression does: only the zone is being looked at.
            try Schedule(cron: "0 0 * * *", timeZone: try it.text()).timeZone
        }
    }

    private static func tiers(_ value: Setting, zone: String) throws(BackupError) -> [FleetTier] {
        let fields = try value.fields(Tier.allCases.filter { $0 != .manual }.map(\.rawValue))
        guard !fields.isEmpty else { throw value.mistake("expected at least one of hourly, daily, weekly, monthly") }
        var tiers: [FleetTier] = []
        for tier in Tier.allCases.reversed() {
            guard let setting = fields[tier.rawValue] else { continue }
            tiers.append(try FleetTier(tier, setting, zone: zone))
        }
        return tiers
    }

    private static func destinations(_ value: Setting?, known: [String]) throws(BackupError) -> [String] {
        guard let value else { return known }
        var names: [String] = []
        for item in try value.items() {
            let name = try item.text()
            guard known.contains(name) else {
                throw item.mistake("expected one of \(known.joined(separator: ", ")), found \"\(name.prefix(63))\"")
            }
            guard !names.contains(name) else { throw item.mistake("stands twice") }
            names.append(name)
        }
        guard !names.isEmpty else { throw value.mistake("expected at least one destination") }
        return names
    }

    private static func compression(_ value: Setting?) throws(BackupError) -> (Compression, level: Int?) {
        guard let value else { return (.gzip, nil) }
        guard value.isMapping else { return (try value.word(Compression.self), nil) }
        let fields = try value.fields(["codec", "level"])
        guard let codec = try fields["codec"]?.word(Compression.self) else { throw value.mistake("codec: is missing") }
        guard let level = fields["level"] else { return (codec, nil) }
        switch codec {
        case .gzip: return (codec, try level.number(1...9))
        case .zstd: return (codec, try level.number(1...19))
        case .none: throw level.mistake("codec none has no levels")
        }
    }

    /// What was asked to be encrypted is never stored in clear.
    private static func refuseEncryption(_ value: Setting?) throws(BackupError) {
        guard let recipients = try value?.fields(["recipients"])["recipients"] else { return }
        guard try recipients.items().isEmpty else {
            throw recipients.mistake("age encryption comes with a later release; without it nothing is backed up")
        }
    }

    private static func seconds(_ value: Setting?) throws(BackupError) -> Int? {
        try value?.checked { (it) throws(BackupError) in try Amount.seconds(try it.text()) }
    }
}

extension FleetTier {
    fileprivate init(_ tier: Tier, _ value: Setting, zone: String) throws(BackupError) {
        let fields = try value.fields(["schedule", "keep", "include", "healthCheck", "enabled"])
        let standard = try DefaultFleet.tier(tier, zone: zone)
        var includes = false
        for item in try fields["include"]?.items() ?? [] {
            guard try item.text() == "application" else { throw item.mistake("expected application") }
            includes = true
        }
        self.init(
            tier: tier,
            schedule: try fields["schedule"]?.checked { (it) throws(BackupError) in
                try Schedule(cron: try it.text(), timeZone: zone)
            } ?? standard.schedule,
            keep: try fields["keep"]?.checked { (it) throws(BackupError) in try KeepDuration(try it.text()) }
                ?? standard.keep,
            includesApplication: includes, healthCheck: try fields["healthCheck"]?.flag() ?? false,
            isEnabled: try fields["enabled"]?.flag() ?? true, isKeepStated: fields["keep"] != nil)
    }
}

extension Setting {
    /// Whether the value is a mapping: some settings take a word or a mapping.
    fileprivate var isMapping: Bool {
        // The answer is asked for by trying: the node itself is the Settings module's own.
        (try? entries()) != nil
    }
}
