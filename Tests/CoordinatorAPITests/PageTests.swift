import CoordinatorAPI
import Domain
import Foundation
import Testing
import Transfer
import Wire

/// What a browser sees, and the way in and out: FAULTS 115 and 120.
@Suite(.timeLimit(.minutes(2)))
struct PageTests {
    @Test(arguments: [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'\u{301}onmouseover='x",
        "\"\u{301} onclick=\"x",
        "{{#incidents}}", "&lt;b&gt;", "/*style*/",
    ]) func hostileNamesStayText(name: String) throws {
        let page = try Pages().status(try fleet(database: name, agent: name, message: name))
        let escaped = page.components(separatedBy: "</style>").dropFirst().joined()
        for mark in ["<script", "<img", "'\u{301}", "\"\u{301}", "<b>alert"] {
            #expect(Array(escaped.utf8).firstRange(of: Array(mark.utf8)) == nil, "\(mark) in \(name)")
        }
        #expect(page.components(separatedBy: "<style>").count == 2)
        #expect(page.components(separatedBy: "--page:#f6f7f9").count == 2)
    }

    @Test func charactersThatHideOrTurnTheLineAreShown() throws {
        let page = try Pages().status(try fleet(database: "a\u{202E}b\u{7}\u{200B}", agent: "h", message: "m"))
        #expect(page.contains("a\\u{202e}b\\u{7}\\u{200b}"))
        #expect(!page.unicodeScalars.contains("\u{202E}"))
    }

    @Test func whatIsWrongComesFirst() throws {
        let page = try Pages().status(
            try fleet(database: "orders", agent: "db-01", message: "server closed the connection"))
        let order = ["has no recent backup", "Open incidents", "orders is overdue", "Databases", "Agents"]
        let places = try order.map { try #require(page.range(of: $0)?.lowerBound, "\($0) is missing") }
        #expect(places == places.sorted())
        let rows = try ["orders</bdi>", "zebra</bdi>"].map { try #require(page.range(of: $0)?.lowerBound) }
        #expect(rows == rows.sorted())
    }

    @Test func whatSomebodyKnowsOfIsNoRedAlarmAndComesLast() throws {
        var view = try fleet(database: "orders", agent: "db-01", message: "server closed the connection")
        for index in view.databases.indices { view.databases[index].state = .ok }
        view.incidents[0].acknowledgedAt = view.coordinator.now
        var page = try Pages().status(view)
        #expect(page.contains("<h1>1 known problem</h1>") && page.contains(#"<li class="idle">"#), "\(page)")
        #expect(page.contains(#"<b class="state">known</b>"#) && !page.contains(#"<li class="bad">"#))
        var second = view.incidents[0]
        (second.id, second.severity, second.acknowledgedAt, second.title) = (2, "warning", nil, "zebra was shrunk")
        view.incidents.append(second)
        view.totals.openIncidents = 2
        page = try Pages().status(view)
        let rows = try ["zebra was shrunk", "orders is overdue"].map { try #require(page.range(of: $0)?.lowerBound) }
        #expect(rows == rows.sorted() && page.contains("<h1>2 open incidents</h1>"))
    }

    @Test func aFleetOfTenThousandIsCutWithAWordAboutIt() throws {
        var view = try fleet(database: "d", agent: "h", message: "m")
        view.databases = try (0..<10_000).map { number in
            DatabaseView(
                name: try DatabaseName("d\(number)"), agent: "h", kind: .sqlite,
                state: number == 9_999 ? .overdue : .ok,
                policies: [], labels: [:])
        }
        let page = try Pages().status(view)
        #expect(page.contains("d9999</bdi>"))
        #expect(page.contains("9500 more databases"))
        #expect(page.utf8.count < 1 << 20)
    }

    @Test func theWayInIsATokenAndTheWayOutForgetsIt() async throws {
        try await LiveServer.run { server in
            let first = try await server.send("GET", "/")
            #expect(first.status == 200 && first.text.contains("name=\"token\""))
            #expect(!first.text.contains("role=\"alert\""), "nobody was wrong yet")

            let signedIn = try await server.login(server.admin)
            #expect(signedIn.status == 303 && signedIn["location"] == "/")
            let cookie = try #require(signedIn["set-cookie"])
            #expect(cookie.hasPrefix("__Host-holdfast="))
            for rule in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"] { #expect(cookie.contains(rule)) }
            #expect(!cookie.contains(server.admin))

            let session = String(cookie.prefix { $0 != ";" })
            let page = try await server.send("GET", "/", headers: [("Cookie", "a=b; \(session)")])
            #expect(page.status == 200 && page.text.contains("Sign out"))
            #expect(page["content-security-policy"]?.contains("style-src 'sha256-") == true)
            #expect(try await server.send("GET", "/v1/status", headers: [("Cookie", session)]).status == 200)

            let out = try await server.send("POST", "/logout", [], headers: [("Cookie", session)])
            #expect(out.status == 303 && out["set-cookie"]?.contains("Max-Age=0") == true)
            let after = try await server.send("GET", "/", headers: [("Cookie", session)])
            #expect(after.text.contains("name=\"token\""))
            #expect(try await server.send("GET", "/v1/status", headers: [("Cookie", session)]).status == 401)
        }
    }

    @Test func otherSitesCannotPostForAReader() async throws {
        try await LiveServer.run { server in
            let cookie = try #require(try await server.login(server.admin)["set-cookie"])
            let session = ("Cookie", String(cookie.prefix { $0 != ";" }))
            let body = Array(#"{"digest":"x"}"#.utf8)
            // What a browser says of itself decides, whatever origin is claimed beside it; the origin only where it says nothing.
            let own = ("Origin", "https://localhost:\(server.port)")
            for foreign in [
                [("Origin", "https://evil.example")], [("Sec-Fetch-Site", "cross-site")],
                [("Sec-Fetch-Site", "same-site")], [("Sec-Fetch-Site", "cross-site"), ("Origin", "null")],
                [("Sec-Fetch-Site", "cross-site"), own], [("Sec-Fetch-Site", "x"), own], [("Origin", "null")],
            ] {
                let headers = [session] + foreign
                #expect(try await server.send("POST", "/v1/cleanup", body, headers: headers).status == 403)
                #expect(try await server.send("POST", "/logout", [], headers: headers).status == 403)
                #expect(try await server.send("POST", "/login", [], headers: headers).status == 403)
            }
            #expect(try await server.send("GET", "/", headers: [session]).text.contains("Sign out"))
            // A page that hides where it is posts to itself with the origin `null`.
            let hidden = [session, ("Sec-Fetch-Site", "same-origin"), ("Origin", "null")]
            #expect(try await server.send("POST", "/v1/cleanup", body, headers: hidden).status == 409)
            #expect(try await server.send("POST", "/logout", [], headers: hidden).status == 303)
        }
    }

    @Test func pagesSendTheirOriginToThemselves() async throws {
        try await LiveServer.run { server in
            let page = try await server.send("GET", "/")
            #expect(page["referrer-policy"] == "same-origin")
        }
    }

    @Test func guessingIsSlowedDown() async throws {
        try await LiveServer.run { server in
            for _ in 0..<5 { #expect(try await server.login("hft_aaaa_guess").status == 401) }
            let sixth = try await server.login("hft_aaaa_guess")
            #expect(sixth.status == 429)
            #expect(Int(sixth["retry-after"] ?? "").map { (1...60).contains($0) } == true)
            // Who holds a token and uses it as programs do is not kept out.
            #expect(try await server.send("GET", "/v1/status", bearer: server.admin).status == 200)
        }
    }

    @Test func aCookieThatIsNoSessionIsNobody() async throws {
        try await LiveServer.run { server in
            for value in ["", "x", String(repeating: "0", count: 64), server.admin] {
                let answer = try await server.send(
                    "GET", "/v1/status", headers: [("Cookie", "__Host-holdfast=\(value)")])
                #expect(answer.status == 401)
            }
        }
    }
}

extension LiveServer {
    func login(_ token: String) async throws -> HTTPResponse {
        try await send(
            "POST", "/login", Array("token=\(token)".utf8),
            headers: [("Content-Type", "application/x-www-form-urlencoded")])
    }
}
