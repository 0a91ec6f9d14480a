package import Foundation

/// A real browser without a screen: Chromium, led by its driver in the words of W3C WebDriver. It takes any certificate, and
/// ends with ``stop()`` and with the value.
package final class Browser: Sendable {
    private let driver: ServerProcess
    private let session: String

    package init() async throws {
        let driver = try ServerProcess(script: "webdriver.py")
        self.driver = driver
        let options: [String: Any] = [
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,900",
            ]
        ]
        let wanted: [String: Any] = [
            "browserName": "chrome", "acceptInsecureCerts": true, "goog:chromeOptions": options,
        ]
        let answer = try await Self.send(
            driver, "POST", "/session", ["capabilities": ["alwaysMatch": wanted]])
        guard let id = (answer as? [String: Any])?["sessionId"] as? String else {
            throw ServerFailure("the browser opened no session: \(answer)")
        }
        session = id
    }

    package func stop() { driver.stop() }

    /// Goes to an address and waits until the page is there.
    package func open(_ address: String) async throws { try await ask("POST", "/url", ["url": address]) }

    package var address: String { get async throws { try await text(ask("GET", "/url")) } }

    /// What a reader sees of the page.
    package var visibleText: String {
        get async throws { try await text(ask("GET", "/element/\(element("body"))/text")) }
    }

    /// Types into the one element that the selector finds.
    package func type(_ text: String, into selector: String) async throws {
        try await ask("POST", "/element/\(element(selector))/value", ["text": text])
    }

    /// Clicks on the one element that the selector finds. What that loads is waited for by the next call.
    package func click(_ selector: String) async throws {
        try await ask("POST", "/element/\(element(selector))/click", [:])
    }

    /// Every cookie that the browser holds for this page, by name.
    package var cookies: [String] {
        get async throws {
            (try await ask("GET", "/cookie") as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
        }
    }

    /// Runs a script in the page and hands back what it returns.
    package func run(_ script: String) async throws -> String {
        try await text(ask("POST", "/execute/sync", ["script": script, "args": [Any]()]))
    }

    /// What a reader sees of the page's first frame.
    package func framedText() async throws -> String {
        let frame = ["element-6066-11e4-a52e-4f735466cecf": try await element("iframe")]
        try await ask("POST", "/frame", ["id": frame])
        let text = try await visibleText
        try await ask("POST", "/frame", ["id": NSNull()])
        return text
    }

    /// A picture of the page, as a PNG.
    package func picture() async throws -> Data {
        guard let data = Data(base64Encoded: try await text(ask("GET", "/screenshot"))) else {
            throw ServerFailure("the browser's picture is none")
        }
        return data
    }

    private func element(_ selector: String) async throws -> String {
        let found = try await ask("POST", "/element", ["using": "css selector", "value": selector])
        // The key is fixed by the standard.
        guard let id = (found as? [String: Any])?["element-6066-11e4-a52e-4f735466cecf"] as? String else {
            throw ServerFailure("the page has no \(selector)")
        }
        return id
    }

    private func text(_ value: Any) -> String { value as? String ?? "\(value)" }

    @discardableResult
    private func ask(_ method: String, _ path: String, _ body: [String: Any]? = nil) async throws -> Any {
        try await Self.send(driver, method, "/session/\(session)\(path)", body)
    }

    private static func send(
        _ driver: ServerProcess, _ method: String, _ path: String, _ body: [String: Any]? = nil
    ) async throws -> Any {
        let text = try body.map { String(decoding: try JSONSerialization.data(withJSONObject: $0), as: UTF8.self) }
        let output = try await ProgramOutput.of(
            "curl",
            ["-sS", "--noproxy", "*", "--max-time", "60", "-X", method, "-H", "Content-Type: application/json"]
                + (text == nil ? [] : ["--data-binary", "@-"]) + ["http://127.0.0.1:\(driver.port)\(path)"],
            input: text ?? "")
        guard let answer = try? JSONSerialization.jsonObject(with: Data(output.text.utf8)) as? [String: Any] else {
            throw ServerFailure("\(method) \(path): \(output.error)\(output.text)")
        }
        let value = answer["value"] ?? NSNull()
        if let error = (value as? [String: Any])?["error"] as? String {
            throw ServerFailure("\(method) \(path): \(error): \((value as? [String: Any])?["message"] ?? "")")
        }
        return value
    }
}
