import Domain
import Foundation
import Glibc
import TestSupport
import Testing
import Wire

/// Trouble of the catalog's file or disk: nothing that agents send is lost or put aside, and somebody is told (C3, C8).
@Suite(.timeLimit(.minutes(10))) struct CatalogFaultTests {
    @Test func aDamagedPagePutsNoReportAsideAndIsTold() async throws {
        let sinks = try AlertSinks()
        defer { sinks.stop() }
        let host = try await FaultFleet()
        defer { host.stop() }
        try await host.apply([("local", FaultFleet.local)], alerts: sinks.yaml)
        try host.agent.start()
        try await host.known()
        let page = try await CatalogPage.damage("runReport", in: host.fleet.data.appending(path: "catalog.sqlite"))
        try await host.begin()
        try await eventually("check is critical") {
            let check = try await host.fleet.run("check")
            return check.status == 2 && check.text.contains("damaged") ? true : nil
        }
        try await eventually("somebody is told") {
            try sinks.posts().contains { $0.title.contains("cannot use its catalog") } ? true : nil
        }
        // The agent has been answered by now, and keeps what it has to say.
        try await eventually("the agent asks again") {
            try String(contentsOf: host.agent.log, encoding: .utf8).contains("reports wait") ? true : nil
        }
        #expect(try String(contentsOf: host.agent.log, encoding: .utf8).contains("put aside") == false)
        let spool = try FileManager.default.contentsOfDirectory(atPath: host.agent.data.appending(path: "spool").path)
        #expect(spool.contains { $0.hasSuffix(".json") } && !spool.contains { $0.hasPrefix("refused") }, "\(spool)")

        host.fleet.killCoordinator()
        try await page.repair()
        try await host.fleet.start()
        try await eventually("the report is taken", within: .seconds(120)) {
            try await host.backups().map(\.state) == [.good] ? true : nil
        }
        #expect(try await host.fleet.catalog("PRAGMA integrity_check") == ["ok"])
    }

    private static let mayMount: Bool = {
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-\(UUID().uuidString)").path
        return geteuid() == 0
            && system(
                "mkdir '\(folder)' && mount -t tmpfs -o size=64k tmpfs '\(folder)' 2>/dev/null && umount '\(folder)'")
                == 0
    }()

    @Test(.enabled(if: mayMount, "needs the right to mount a tmpfs"))
    func aFullDiskStopsNeitherAlertsNorAStart() async throws {
        let sinks = try AlertSinks()
        defer { sinks.stop() }
        let host = try await FaultFleet()
        defer { host.stop() }
        try await host.apply([("local", FaultFleet.local)], alerts: sinks.yaml)
        try host.agent.start()
        try await host.known()
        host.fleet.killCoordinator()
        let data = host.fleet.data.path
        #expect(system("mv '\(data)' '\(data).old' && mkdir -m 700 '\(data)'") == 0)
        #expect(system("mount -t tmpfs -o size=32m,mode=700 tmpfs '\(data)' && cp -a '\(data).old/.' '\(data)'") == 0)
        defer { _ = system("umount -l '\(data)'") }
        try await host.fleet.start()
        let reserve = host.fleet.data.appending(path: "reserve").path
        try await eventually("there is a reserve") { access(reserve, F_OK) == 0 ? true : nil }

        let fill = "dd if=/dev/zero of='\(data)/fill' bs=4k oflag=append conv=notrunc 2>/dev/null"
        _ = system(fill)
        try await eventually("check is critical", within: .seconds(120)) {
            let check = try await host.fleet.run("check")
            return check.status == 2 && check.text.contains("disk is full") ? true : nil
        }
        let told = try await eventually("somebody is told") {
            let posts = try sinks.posts().filter { $0.title.contains("cannot use its catalog") }
            return posts.isEmpty ? nil : posts
        }
        #expect(told.count == 1)

        // A killed one leaves its files; where it was ended in order, what it gave back is taken by others.
        host.fleet.killCoordinator()
        _ = system(fill)
        try await host.fleet.start()
        #expect(access(reserve, F_OK) != 0, "the reserve was not needed: the test shows nothing")
        _ = system(fill)
        try await eventually("check is critical after a start, too", within: .seconds(120)) {
            let check = try await host.fleet.run("check")
            return check.status == 2 && check.text.contains("disk is full") ? true : nil
        }
        #expect(system("rm '\(data)/fill'") == 0)
        try await eventually("all is well", within: .seconds(120)) {
            try await host.fleet.run("check").text.contains("disk is full") ? nil : true
        }
        #expect(try await host.backup().status == 0)
        #expect(try await host.backups().map(\.state) == [.good])
    }
}
