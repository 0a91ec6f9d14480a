import Catalog
import Domain
import Foundation
import Sealing

/// How far a catalog has come: which life of it this is (epoch), and how much was acknowledged in it (head). It lies at the agents and in
/// the object stores too, so that an older copy which is put back shows itself. Nobody but the coordinator can make one: it carries a
/// code by a key that only the certificate authority's holder has.
struct CatalogMark: Equatable, Comparable, Sendable, Codable {
    var epoch: Int
    var head: Int

    static func < (one: Self, other: Self) -> Bool { (one.epoch, one.head) < (other.epoch, other.head) }

    static func key(of authority: CertificateAuthority) throws(BackupError) -> [UInt8] {
        let pem = try sealing("reading the certificate authority") { () throws(SealingError) in try authority.key.pem()
        }
        return hmacSHA256(key: Array(pem.utf8), Array("holdfast catalog mark 1".utf8))
    }

    /// `cm1.<epoch>.<head>.<64 hex digits>`
    func text(_ key: [UInt8]) -> String { "\(plain).\(hex(hmacSHA256(key: key, Array(plain.utf8))))" }

    private var plain: String { "cm1.\(epoch).\(head)" }

    init(epoch: Int, head: Int) { (self.epoch, self.head) = (epoch, head) }

    /// Nil for anything that was not made with this key.
    init?(_ text: String, _ key: [UInt8]) {
        guard text.utf8.count <= 128,
            let match = text.wholeMatch(of: /cm1\.([0-9]{1,15})\.([0-9]{1,15})\.[0-9a-f]{64}/),
            let epoch = Int(match.1), let head = Int(match.2)
        else { return nil }
        self.init(epoch: epoch, head: head)
        guard constantTimeEqual(Array(self.text(key).utf8), Array(text.utf8)) else { return nil }
    }

    static func read(_ view: CatalogView) throws -> CatalogMark {
        CatalogMark(
            epoch: Int(try view.setting(SettingName.epoch) ?? "") ?? 1,
            head: Int(try view.setting(SettingName.head) ?? "") ?? 0)
    }

    func write(_ update: CatalogUpdate) throws {
        try update.set(String(epoch), for: SettingName.epoch)
        try update.set(String(head), for: SettingName.head)
    }

    /// Something is acknowledged, or decided, in this transaction that an older copy of the catalog does not know.
    static func advance(_ update: CatalogUpdate) throws {
        var mark = try read(update)
        mark.head += 1
        try mark.write(update)
    }
}

/// Why the catalog lacks what was acknowledged, and since when that is known.
struct CatalogGap: Codable, Sendable, Equatable {
    /// The furthest mark that was met; nil where none was.
    var mark: CatalogMark?
    var since: Date
    /// How it came out, in words.
    var reason: String

    static func read(_ view: CatalogView) throws -> CatalogGap? {
        guard let text = try view.setting(SettingName.behind) else { return nil }
        // Whatever stands there, something is lacking.
        return (try? JSON.decoder().decode(Self.self, from: Data(text.utf8)))
            ?? CatalogGap(mark: nil, since: .distantPast, reason: "the catalog says so")
    }

    func write(_ update: CatalogUpdate) throws {
        try update.set(String(decoding: try JSON.encoder().encode(self), as: UTF8.self), for: SettingName.behind)
    }

    /// Why retention rests.
    static func suspicion(_ view: CatalogView) throws -> String? {
        try read(view).map { gap in
            "the catalog lacks what was acknowledged (\(gap.reason)): nothing is deleted until `holdfast catalog rebuild` has been run"
        }
    }
}
