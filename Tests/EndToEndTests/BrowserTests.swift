import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// The status page as people have it: the built coordinator in a real browser (faults 120 and 150).
@Suite(.timeLimit(.minutes(5))) struct BrowserTests {
    @Test func anOperatorSignsInSeesTheFleetAndSignsOut() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        _ = try await fleet.join("db-01", "databases: []\n")
        let browser = try await Browser()
        defer { browser.stop() }

        try await browser.open(fleet.url + "/")
        let first = try await browser.visibleText
        #expect(first.contains("Sign in with an operator's token") && !first.contains("✕"), "\(first)")
        try await browser.type("hft_aaaa_guess", into: "#token")
        try await browser.click("button[type=submit]")
        #expect(try await browser.visibleText.contains("not known"))

        try await browser.signIn(fleet)
        let text = try await browser.visibleText
        #expect(text.contains("db-01") && text.contains("Sign out"), "\(text)")
        #expect(try await browser.cookies == ["__Host-holdfast"])
        #expect(try await browser.run("return document.cookie") == "", "no script can read the session")
        #expect(try await browser.picture().count > 10_000)

        try await browser.click("header button")
        try await eventually("the way in is back") {
            try await browser.visibleText.contains("Sign in with") ? true : nil
        }
        try await browser.open(fleet.url + "/v1/status")
        #expect(try await browser.visibleText.contains("a token is needed"))
    }

    /// Pages of another site, opened by somebody who is signed in: a form that posts by itself, one that hides where it comes
    /// from, and a frame.
    @Test func anotherSiteCanNeitherPostNorFrame() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let evil = try ServerProcess(script: "pages.py", [fleet.url])
        defer { evil.stop() }
        let browser = try await Browser()
        defer { browser.stop() }
        try await browser.open(fleet.url + "/")
        try await browser.signIn(fleet)
        for page in ["form", "hidden-form", "sandboxed-form"] {
            try await browser.open("http://127.0.0.1:\(evil.port)/\(page)")
            try await eventually("the forged form was answered") {
                try await browser.run("return document.title") == "posted" ? nil : true
            }
            if page != "sandboxed-form" {
                #expect(try await browser.visibleText.contains("the request comes from another site"), "\(page)")
            }
            try await browser.open(fleet.url + "/")
            #expect(try await browser.visibleText.contains("Sign out"), "\(page) signed the reader out")
        }
        try await browser.open("http://127.0.0.1:\(evil.port)/frame")
        // A page that refuses to be framed is an error page of another origin in its place.
        let seen = try await browser.run("try { return frames[0].document.title } catch (e) { return e.name }")
        #expect(seen == "SecurityError")
        #expect(try await browser.framedText().contains("Holdfast") == false)
    }
}

extension Browser {
    /// Types the admin's token, as `holdfast init` wrote it into its context, into the form.
    fileprivate func signIn(_ fleet: Fleet) async throws {
        try await type(try fleet.adminToken(), into: "#token")
        try await click("button[type=submit]")
        try await eventually("the status is shown") {
            try await self.visibleText.contains("Sign out") ? true : nil
        }
    }
}

extension Fleet {
    /// Of the context file that `holdfast init` wrote.
    fileprivate func adminToken() throws -> String {
        for path in try RegularFiles.below(folder.appending(path: "config")) {
            let text = try String(contentsOf: folder.appending(path: "config/\(path)"), encoding: .utf8)
            if let match = text.firstMatch(of: /hft_[0-9a-f]+_[0-9a-f]+/) { return String(match.0) }
        }
        throw ServerFailure("init wrote no context")
    }
}
