import Foundation
import TestSupport
import Testing
import Transfer

@Suite(.serialized, .timeLimit(.minutes(3)))
struct MailTests {
    private struct Mailbox {
        let process: ServerProcess
        let folder: URL
        let scheme: String

        var mail: MailRequest {
            var mail = MailRequest(
                url: "\(scheme)://localhost:\(process.port)", from: "backup@example.com",
                to: ["ops@example.com", "dba@example.com"],
                message: Array("Subject: test\n\nline one\n.dot\nend\n".utf8))
            if let ca = process.greeting.first(where: { $0.hasPrefix("ca ") }) {
                mail.trust = .file(String(ca.dropFirst(3)))
            }
            return mail
        }

        func text(_ number: Int) -> String? {
            try? String(contentsOf: folder.appending(path: "\(number).eml"), encoding: .utf8)
        }
    }

    private func withMailbox(_ tls: String, _ arguments: [String] = [], _ body: (Mailbox) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-mail-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = try ServerProcess(
            script: "smtp_sink.py", ["--dir", folder.path, "--tls", tls] + arguments,
            environment: ["MAIL_PASSWORD": "CANARY-pass"])
        try body(Mailbox(process: process, folder: folder, scheme: tls == "implicit" ? "smtps" : "smtp"))
    }

    @Test(arguments: ["implicit", "starttls"]) func aMailArrivesOverTLSWithAuthentication(tls: String) throws {
        try withMailbox(tls, ["--user", "me"]) { box in
            var mail = box.mail
            mail.username = "me"
            mail.password = "CANARY-pass"
            try TransferClient.sendMail(mail)
            let text = try #require(box.text(1))
            #expect(text.contains("\r\nline one\r\n.dot\r\nend"))
        }
    }

    @Test func aWrongPasswordIsRefusedForGoodAndNotRepeated() throws {
        try withMailbox("implicit", ["--user", "me"]) { box in
            var mail = box.mail
            mail.username = "me"
            mail.password = "CANARY-wrong"
            let error = #expect(throws: TransferError.self) { try TransferClient.sendMail(mail) }
            #expect(error?.kind == .refused && error?.isWorthRetrying == false)
            #expect(error?.description.contains("CANARY") == false)
            #expect(box.text(1) == nil)
        }
    }

    @Test func greylistingIsWorthATryLater() throws {
        try withMailbox("implicit", ["--answers", "451 try later,250"]) { box in
            let error = #expect(throws: TransferError.self) { try TransferClient.sendMail(box.mail) }
            #expect(error?.kind == .refused && error?.status == 451 && error?.isWorthRetrying == true)
            try TransferClient.sendMail(box.mail)
        }
    }

    @Test func withoutTLSNothingIsSentUnlessToldSo() throws {
        try withMailbox("none") { box in
            let error = #expect(throws: TransferError.self) { try TransferClient.sendMail(box.mail) }
            #expect(error?.kind == .tls)
            #expect(box.text(1) == nil)
            var plain = box.mail
            plain.requireTLS = false
            try TransferClient.sendMail(plain)
            #expect(box.text(1) != nil)
        }
    }

    @Test func anUnknownAuthorityIsRefused() throws {
        try withMailbox("implicit") { box in
            var mail = box.mail
            mail.trust = .system
            #expect(kind { try TransferClient.sendMail(mail) } == .tls)
            #expect(box.text(1) == nil)
        }
    }

    @Test(arguments: ["a@b\r\nRCPT TO:<x@y>", "a@b\0", "", "a b@c", "<a@b>"]) func hostileAddressesAreNotSent(
        address: String
    ) {
        let mail = MailRequest(url: "smtp://localhost:1", from: "a@b", to: [address], message: [])
        #expect(kind { try TransferClient.sendMail(mail) } == .invalid)
        let other = MailRequest(url: "smtp://localhost:1", from: address, to: ["a@b"], message: [])
        #expect(kind { try TransferClient.sendMail(other) } == .invalid)
    }

    @Test(arguments: ["http://localhost", "smtp://user:pass@localhost", "smtp://", "file:///etc/passwd"])
    func otherURLsAreRefused(url: String) {
        #expect(
            kind { try TransferClient.sendMail(MailRequest(url: url, from: "a@b", to: ["c@d"], message: [])) }
                == .invalid)
    }
}
