import Foundation
import HTTPTypes
import Hummingbird

/// The cookie that carries a session's id. `__Host-` makes browsers insist on HTTPS, on this very host, and on the path.
enum SessionCookie {
    private static let name = "__Host-holdfast"
    private static let rules = "Path=/; Secure; HttpOnly; SameSite=Strict"

    static func set(_ id: String) -> HTTPFields {
        [.setCookie: "\(name)=\(id); \(rules); Max-Age=\(Int(SessionStore.lifetime))"]
    }

    static var cleared: HTTPFields { [.setCookie: "\(name)=; \(rules); Max-Age=0"] }

    static func id(in request: Request) -> String? {
        for field in request.headers[values: .cookie] {
            for pair in field.split(separator: ";") {
                let parts = pair.trimmingCharacters(in: .whitespaces).split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0] == name { return String(parts[1]) }
            }
        }
        return nil
    }
}
