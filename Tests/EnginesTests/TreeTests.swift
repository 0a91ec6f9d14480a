import Archive
import Domain
import Engines
import Foundation
import TestSupport
import Testing
import Threads

/// Trees as hosts have them: what tar does not store, or does not give back by itself, comes back or is told.
@Suite("A tree of application files", .timeLimit(.minutes(6)))
struct TreeTests {
    private let folder: Folder
    private var tree: String { folder.path + "/tree" }

    init() throws { folder = try Folder() }

    private func engine(_ paths: [String]? = nil, exclude: [String] = [], tar: String? = nil) throws
        -> ApplicationEngine
    {
        try ApplicationEngine(
            name: DatabaseName("app"), paths: paths ?? [tree], exclude: exclude,
            restoreBase: folder.url.appending(path: "restores"), tar: tar)
    }

    @discardableResult
    private func run(_ script: String, _ arguments: String...) async throws -> String {
        try await output("bash", ["-ec", script, "sh"] + arguments)
    }

    @discardableResult
    private func python(_ script: String, _ arguments: String...) async throws -> String {
        try await output("python3", ["-c", script] + arguments)
    }

    private func output(_ program: String, _ arguments: [String]) async throws -> String {
        let output = try await ProgramOutput.of(program, arguments, folder: folder.url)
        guard output.status == 0 else { throw ServerFailure("\(output.status) \(output.error) \(output.text)") }
        return output.text
    }

    /// Everything of each thing in a tree but devices and sockets: kind, mode, owner, time, link, digest and all attributes.
    private static let listing = #"""
        import hashlib, os, stat, sys
        top = os.fsencode(sys.argv[1])
        for folder, folders, files in os.walk(top):
            for name in sorted(folders + files):
                path = os.path.join(folder, name)
                facts = os.lstat(path)
                if stat.S_ISBLK(facts.st_mode) or stat.S_ISCHR(facts.st_mode) or stat.S_ISSOCK(facts.st_mode): continue
                attributes = {a: os.getxattr(path, a, follow_symlinks=False) for a in os.listxattr(path, follow_symlinks=False)}
                digest = hashlib.sha256(open(path, "rb").read()).hexdigest() if stat.S_ISREG(facts.st_mode) else ""
                link = os.readlink(path) if stat.S_ISLNK(facts.st_mode) else b""
                print(path[len(top):], oct(facts.st_mode), facts.st_uid, facts.st_gid, facts.st_mtime_ns, facts.st_nlink * (not folders),
                      link, digest, sorted(attributes.items()))
        """#

    /// A file and a folder with attributes of every kind.
    private static let attributes = #"""
        import os, struct, sys
        os.makedirs(sys.argv[1] + "/inner", exist_ok=True)
        file = sys.argv[1] + "/tool"
        open(file, "w").write("tool"); os.chown(file, 1000, 1000); os.chmod(file, 0o4755)
        os.setxattr(file, "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0))
        for name in "user.note", "trusted.note", "security.note": os.setxattr(file, name, b"\x00\xff=v\n")
        acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in
            [(1, 7, 0xffffffff), (2, 6, 1234), (4, 5, 0xffffffff), (8, 4, 4321), (16, 7, 0xffffffff), (32, 5, 0xffffffff)])
        for name in "access", "default": os.setxattr(sys.argv[1] + "/inner", "system.posix_acl_" + name, acl)
        os.setxattr(file, "system.posix_acl_access", acl)
        open(sys.argv[1] + "/inner/plain", "w").write("x"); os.symlink("tool", sys.argv[1] + "/link")
        os.setxattr(sys.argv[1] + "/link", "trusted.link", b"l", follow_symlinks=False)
        """#

    @Test(
        "has capabilities, security.*, trusted.* and user.* attributes and ACLs again, and who may not set them tells so"
    )
    func attributes() async throws {
        try await python(Self.attributes, tree)
        let archive = try await write(engine().streams()[0])
        let outcome = try await engine().restore(request(archive, .tar))
        #expect(outcome.failures == [])
        let (before, after) = try await (
            python(Self.listing, tree), python(Self.listing, outcome.target + tree)
        )
        #expect(before == after && before.contains("security.capability") && before.contains("posix_acl_default"))

        try folder.script(
            "tar.sh",
            "#!/bin/sh\nexec setpriv --bounding-set=-sys_admin,-setfcap --inh-caps=-sys_admin,-setfcap /usr/bin/tar \"$@\"\n"
        )
        let lesser = try await engine(tar: folder.path + "/tar.sh").restore(request(archive, .tar, at: 1))
        let name = tree.dropFirst() + "/tool"
        #expect(
            lesser.failures == [
                "security.capability (Operation not permitted) of \(name)",
                "security.note (Operation not permitted) of \(name)",
                "trusted.link (Operation not permitted) of \(tree.dropFirst())/link",
                "trusted.note (Operation not permitted) of \(name)",
            ], "\(lesser.failures)")
        #expect(try await python(Self.listing, lesser.target + tree).contains("user.note"))
    }

    @Test(
        "is without what an absolute path, a folder's slash or a pattern excludes, also behind a link; what excludes nothing is told"
    )
    func exclude() async throws {
        try await run(
            #"""
            mkdir -p "$1/cache/deep" "$1/keep/cache" "$1/logs" "$1/sp ace" "$1/b[1]" "$1/bin"; cd "$1"
            for d in cache/deep keep/cache logs 'sp ace' 'b[1]' bin; do echo 1 >"$d/file"; echo 2 >"$d/x.bin"; done
            mkdir "$1/"$'new\nline' && echo 3 >"$1/"$'new\nline/f'; ln -s "$1" ../link
            """#, tree)
        func names(_ paths: [String], _ exclude: [String]) async throws -> (names: Set<String>, notes: [String]) {
            let engine = try engine(paths, exclude: exclude)
            let stream = try await engine.streams()[0]
            let archive = try await write(stream)
            try Data(archive.bytes).write(to: folder.url.appending(path: "a.tar"))
            let all = try await run("tar -tf a.tar --quoting-style=escape").split(separator: "\n").map(String.init)
            let top = tree.dropFirst() + "/"
            return (Set(all.compactMap { $0.hasPrefix(top) ? String($0.dropFirst(top.count)) : nil }), stream.notes)
        }
        let (whole, none) = try await names([tree], [])
        #expect(whole.count == 1 + 8 + 1 + 12 + 1 && none.isEmpty, "\(whole)")
        for (path, way) in [
            (tree, tree), (folder.path + "/link", folder.path + "/link"), (tree, folder.path + "/link"),
        ] {
            let (left, notes) = try await names(
                [path],
                [
                    way + "/cache", way + "//logs/", way + "/bin/*.bin", way + "/sp ace", way + "/b\\[1\\]",
                    way + "/new\nline", "keep/cache/",
                ])
            #expect(left == ["", "keep/", "bin/", "bin/file"], "\(left)")
            #expect(notes.isEmpty, "\(notes)")
        }
        let (left, notes) = try await names([tree], ["/nowhere/else", "/cache", tree + "x", "*.bin", "cache/"])
        #expect(left.count == whole.count - 6 - 5, "\(left.sorted())")
        #expect(
            notes.count == 3
                && notes[0] == "exclude: /nowhere/else lies under none of the paths, so it excludes nothing")
        #expect(throws: BackupError.self) { try engine(exclude: ["//"]) }
    }

    @Test(
        "with paths of more than 4,095 bytes, sockets and devices tells them, unless they are excluded, and the rest comes back"
    )
    func leftOut() async throws {
        try await python(
            #"""
            import os, socket, sys
            os.mkdir(sys.argv[1]); os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).bind("sock"); os.mknod("null", 0o20666, 259)
            os.mkdir("run"); socket.socket(socket.AF_UNIX).bind("run/own.sock")
            length = len(sys.argv[1])
            while length + 201 < 4060: os.mkdir("d" * 200); os.chdir("d" * 200); length += 201
            name = "f" * (4095 - length - 1)
            open(name, "w").write("just"); open(name + "g", "w").write("over")
            os.mkdir("d" * 250); os.chdir("d" * 250); open("deep", "w").write("under"); socket.socket(socket.AF_UNIX).bind("sock")
            """#, tree)
        let stream = try await engine(exclude: [tree + "/run"]).streams()[0]
        let notes = stream.notes
        #expect(
            notes.prefix(2) == [
                "not in the backup: the device file \(tree)/null", "not in the backup: the socket \(tree)/sock",
            ])
        #expect(notes.count { $0.contains("file with a path of more than 4,095 bytes /") } == 2, "\(notes)")
        #expect(notes.count == 4, "\(notes)")
        let archive = try await write(stream)
        let outcome = try await engine().restore(request(archive, .tar))
        let found = try await run("find restores -type f -printf '%f\n' && rm -rf tree")
        #expect(found.hasPrefix("fff") && found.split(separator: "\n").count == 1, "\(found)")
        // tar cannot set one where a name is as long as can be, whether there was one or not.
        #expect(outcome.failures.allSatisfy { $0.hasPrefix("POSIX ACLs (File name too long) of ") })
        try await run("rm -rf restores")
    }

    @Test("leaves no file of names behind, however the agent ends: it has none")
    func noFile() async throws {
        try await run("mkdir \"$1\" && mknod \"$1/null\" c 1 3 && echo 1 >\"$1/f\"", tree)
        try folder.script("tar.sh", "#!/bin/sh\necho \"$*\" >\(folder.path)/words\nexec /usr/bin/tar \"$@\"\n")
        let archive = try await write(engine(exclude: [tree + "/x"], tar: folder.path + "/tar.sh").streams()[0])
        #expect(try archive.inspection().entries == 2)
        let words = try String(contentsOfFile: folder.path + "/words", encoding: .utf8)
        #expect(words.contains("--exclude-from=/proc/\(getpid())/fd/"))
    }

    @Test("comes back in part, and without its first folders")
    func part() async throws {
        try await run(
            #"""
            mkdir -p "$1/etc/app" "$1/srv/app" "$1/srv/-x"; cd "$1"; echo 1 >etc/app/conf; echo 2 >etc/app/other; echo 3 >srv/app/data
            echo 4 >'srv/-x/back\slash'; ln etc/app/conf etc/app/hard; chmod 640 etc/app/conf
            mkdir -p deep/er/still; echo 5 >deep/er/still/file; echo 6 >"$(printf 'z%.0s' $(seq 200))"
            """#, tree)
        let archive = try await write(engine().streams()[0])
        let depth = tree.split(separator: "/").count
        let long = String(repeating: "z", count: 200)
        func restored(_ paths: [String], strip: Int) async throws -> [String] {
            var asked = request(archive, .tar, target: folder.path + "/back-\(UUID().uuidString)")
            asked.part = ArchivePart(paths: paths.map { tree + "/" + $0 }, strip: strip)
            let target = try await engine().restore(asked).target
            return try await run("cd \"$1\" && find . -type f -printf '%P %m\n' | sort", target)
                .split(separator: "\n").map(String.init)
        }
        #expect(
            try await restored([], strip: depth) == [
                "deep/er/still/file 644", "etc/app/conf 640", "etc/app/hard 640", "etc/app/other 644",
                "srv/-x/back\\slash 644", "srv/app/data 644", "\(long) 644",
            ])
        #expect(try await restored(["etc/app/conf"], strip: depth + 2) == ["conf 640"])
        #expect(
            try await restored(["srv/-x/", "etc/app/other"], strip: depth) == [
                "etc/app/other 644", "srv/-x/back\\slash 644",
            ])
        #expect(try await restored(["srv/-x/back\\slash"], strip: 0).count == 1)
        // What tar passes over is told: of what is picked, and of names that do not stand in a header.
        func lost(_ paths: [String], strip: Int) async throws -> [String] {
            var asked = request(archive, .tar, target: folder.path + "/lost-\(UUID().uuidString)")
            asked.part = ArchivePart(paths: paths.map { tree + "/" + $0 }, strip: strip)
            return try await engine().restore(asked).failures
        }
        let away = try await lost([], strip: depth + 3)
        #expect(away.count == 1 && away[0].hasSuffix(": not unpacked; drop fewer"), "\(away)")
        for name in ["etc/app/conf", "etc/app/hard", "srv/app/data", long] {
            #expect(away[0].contains("\(tree)/\(name)"), "\(away)")
        }
        #expect(!away[0].contains("still"), "\(away)")
        let shallow = try await lost(["srv", long], strip: depth + 1)
        #expect(shallow.count == 1 && shallow[0].contains("of the path of \(tree)/\(long): not"), "\(shallow)")
        #expect(try await lost(["srv"], strip: depth + 1) == [])
        let missing = await failure { _ = try await restored(["etc/app/conf", "etc/nothing"], strip: 0) }
        #expect(missing?.code == .notFound)
        #expect(
            missing?.message.hasPrefix("the backup has no \(tree)/etc/nothing;") == true, "\(missing?.message ?? "")")
        #expect(await failure { _ = try await restored([], strip: 90) }?.code == .usage)
        #expect(await failure { _ = try await restored(["../x"], strip: 0) }?.code == .usage)
        // Both names of one file, or two files of one name.
        #expect(
            await failure { _ = try await restored(["etc/app/hard"], strip: 0) }?.message.contains("hard link") == true)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.contains("partial") }
        #expect(left == [])
    }

    @Test("gives the target what the folder had whose name is the last that is dropped, also in place of that folder")
    func itself() async throws {
        try await python(Self.attributes, tree)
        let inner = tree + "/inner"
        try await python("import os, sys; os.setxattr(sys.argv[1], 'user.own', b'\\xff\\n')", inner)
        try await run(
            "chown 12345:2000000 \"$1\" && chmod 2751 \"$1\" && touch -d '2001-02-03 04:05:06.789 UTC' \"$1\"", inner)
        let archive = try await write(engine().streams()[0])
        let itself = """
            import os, sys; f = os.stat(sys.argv[1]); names = sorted(os.listxattr(sys.argv[1]))
            print(oct(f.st_mode), f.st_uid, f.st_gid, f.st_mtime_ns, [(n, os.getxattr(sys.argv[1], n)) for n in names])
            """
        let before = try await (python(itself, inner), python(Self.listing, inner))
        #expect(before.0.hasPrefix("0o42751 12345 2000000 981173106789000000 ") && before.0.contains("acl_default"))
        func restored(to target: String, _ paths: [String], strip: Int) async throws -> RestoreOutcome {
            var asked = request(archive, .tar, target: target, replace: true)
            asked.part = ArchivePart(paths: paths, strip: strip)
            return try await engine().restore(asked)
        }
        let depth = tree.split(separator: "/").count
        for target in [folder.path + "/new", inner] {
            let outcome = try await restored(to: target, [inner], strip: depth + 1)
            #expect(outcome.failures == [] && outcome.checked.hasSuffix(" entries"), "\(outcome)")
            #expect(try await (python(itself, target), python(Self.listing, target)) == before)
        }
        // Two that become one: the rights of neither are right, and that is told.
        try await run("mkdir \"$1/second\"", tree)
        let two = try await write(engine().streams()[0])
        var asked = request(two, .tar, target: folder.path + "/both")
        asked.part = ArchivePart(paths: [inner, tree + "/second"], strip: depth + 1)
        let outcome = try await engine().restore(asked)
        #expect(outcome.checked.contains("more than one folder came to lie in this one"), "\(outcome.checked)")
        #expect(try await run("stat -c %a \"$1\"", outcome.target) == "700\n")
        // An empty folder is one, too.
        (asked.target, asked.part.paths) = (folder.path + "/empty", [tree + "/second"])
        #expect(try await run("stat -c '%a %F' \"$1\"", engine().restore(asked).target) == "755 directory\n")
    }

    @Test("that is a root of its own comes back so that it runs")
    func chroot() async throws {
        try await run(
            #"""
            mkdir -p "$1/dev" "$1/run" "$1/tmp" "$1/usr/bin" "$1/var/empty"; cd "$1"; chmod 1777 tmp
            cp -a /etc .; cp -a /usr/share/zoneinfo usr/; find /usr/bin /usr/sbin -xdev -perm /6000 -exec cp -a {} usr/bin/ \;
            cp -a /usr/bin/bash /usr/bin/tar usr/bin/; ln -s usr/bin bin
            ldd /usr/bin/bash /usr/bin/tar | grep -o '/[^ ]*' | grep -v ':$' | sort -u | while read -r l; do
                mkdir -p ".$(dirname "$l")"; cp -L "$l" ".$l"; done
            for n in 'null c 1 3' 'zero c 1 5' 'sda b 8 0'; do mknod dev/$n; done; mkfifo run/pipe
            python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("run/sock")'
            """#, tree)
        try await python(Self.attributes, tree + "/opt")
        let stream = try await engine().streams()[0]
        #expect(stream.notes.count == 4, "\(stream.notes)")
        for name in ["device file \(tree)/dev/sda", "socket \(tree)/run/sock"] {
            #expect(stream.notes.contains("not in the backup: the \(name)"), "\(stream.notes)")
        }
        let archive = try await write(stream)
        #expect(try #require(try archive.inspection().entries) > 500)
        var asked = request(archive, .tar, target: folder.path + "/root")
        asked.part.strip = tree.split(separator: "/").count
        let outcome = try await engine().restore(asked)
        #expect(outcome.failures == [])
        let (before, after) = try await (
            python(Self.listing, tree), python(Self.listing, outcome.target)
        )
        #expect(before == after)
        #expect(before.split(separator: "\n").filter { $0.contains("security.capability") }.count == 1)
        let said = try await run("chroot \"$1\" /bin/bash -c 'tar --version'", outcome.target)
        #expect(said.contains("GNU tar"))
    }
}
