import Foundation

/// Names that say nothing, and so collect everything (STYLE 4.1, 4.3).
enum Names {
    static let drawers: Set<String> = [
        "Utils", "Util", "Utilities", "Utility", "Helpers", "Helper", "Common", "Manager", "Managers", "Extras",
        "Extensions",
        "Constants", "Types", "Misc", "Shared+Extensions", "Basics", "Handler", "Handlers", "Impl",
    ]
    /// Words that a file's or a type's name does not end in.
    static let endings = [
        "Utils", "Util", "Utilities", "Helper", "Helpers", "Common", "Manager", "Handler", "Impl", "Misc",
    ]
    static let allowed: [String: String] = [
        "ServiceManager": "systemd's word for itself: the thing at the other end of NOTIFY_SOCKET"
    ]

    static func violations(in files: [SourceFile]) -> [String] {
        files.flatMap { file -> [String] in
            let parts = file.path.split(separator: "/").map(String.init)
            let stem = file.name.split(separator: ".").first.map(String.init) ?? file.name
            let folders = parts.dropLast().filter { drawers.contains($0) }
                .map { "\(file.path): a folder named \($0) is a drawer for everything" }
            let names = Set([stem] + file.types.map(\.name)).filter { name in
                allowed[name] == nil && (drawers.contains(name) || endings.contains { name.hasSuffix($0) })
            }
            return folders + names.sorted().map { "\(file.path): \($0) does not say what it is" }
        }
    }

    /// A type with its module's name hides the module.
    static func typesNamedAsModules(in files: [SourceFile]) -> [String] {
        files.flatMap { file in
            file.types.filter { !$0.isNested }.map(\.name).filter { ModuleOrder.ours.contains($0) }
                .map { "\(file.path): the type \($0) has a module's name" }
        }
    }
}
