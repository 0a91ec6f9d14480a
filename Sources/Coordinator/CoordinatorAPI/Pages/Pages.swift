import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Mustache
import Sealing
package import Wire

/// Renders what a browser sees. No script, nothing from elsewhere, and no text of anyone's that is not escaped.
package struct Pages: Sendable {
    private let library: MustacheLibrary
    private let policy: String

    /// Throws `.bug` when a template does not parse.
    package init() throws {
        MustacheContentTypes.register(HTMLText(), named: HTMLText.name)
        do {
            library = MustacheLibrary(templates: [
                "status": try MustacheTemplate(string: PageTemplates.status),
                "login": try MustacheTemplate(string: PageTemplates.login),
            ])
        } catch {
            throw BackupError(.bug, "a page's template does not parse", cause: error)
        }
        let style = Data(sha256(Array(PageStyle.text.utf8))).base64EncodedString()
        policy =
            "default-src 'none'; style-src 'sha256-\(style)'; form-action 'self'; base-uri 'none'; "
            + "frame-ancestors 'none'"
    }

    /// The fleet at a glance.
    package func status(_ view: StatusView) -> String { render(StatusPage(view), "status") }

    /// Asks for a token; says what was wrong with the last one.
    package func login(_ message: String?) -> String {
        // A nil within `Any` would be there, and print itself.
        render(message.map { ["message": $0] } ?? [:], "login")
    }

    private func render(_ object: Any, _ name: String) -> String {
        // Both templates are in the library since it was made.
        let page = library.render(object, withTemplate: name) ?? ""
        // The style stands between its tags byte for byte: the policy names its hash.
        return page.replacing(PageTemplates.stylePlace, with: PageStyle.text, maxReplacements: 1)
    }

    func answer(_ page: String, status: HTTPResponse.Status = .ok, fields: HTTPFields = [:]) -> Response {
        var fields = fields
        fields[.contentSecurityPolicy] = policy
        return Answer.html(page, status: status, fields: fields)
    }
}
