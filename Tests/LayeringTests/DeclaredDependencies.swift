import Foundation

/// SwiftPM builds an import that a target did not declare, as long as something else brought the module along. Here it is
/// told, before a clean build in another order fails.
struct DeclaredDependencies {
    /// For each module's folder the text of its target in `Package.swift`.
    private let targets: [String: Substring]

    init(package: String, folders: some Collection<String>) {
        let starts = ["module(", ".executableTarget(", "tests(", ".target(", "clibrary("]
        var targets: [String: Substring] = [:]
        for folder in folders {
            let parts = folder.split(separator: "/")
            let name = parts.last ?? ""
            let mark =
                name == "Main"
                ? "path: \"Sources/\(folder)\"" : "\"\(name)\", in: \"\(parts.dropLast().joined(separator: "/"))\""
            guard let place = package.range(of: mark) else { continue }
            let before =
                starts.compactMap {
                    package.range(of: $0, options: .backwards, range: package.startIndex..<place.lowerBound)
                }
                .map(\.lowerBound).max() ?? package.startIndex
            let after =
                starts.compactMap { package.range(of: $0, range: place.upperBound..<package.endIndex) }
                .map(\.lowerBound).min() ?? package.endIndex
            targets[folder] = package[before..<after]
        }
        self.targets = targets
    }

    func violations(in files: [SourceFile]) -> [String] {
        files.flatMap { file -> [String] in
            guard let module = file.module, let target = targets[module] else {
                return ["\(file.path) belongs to no target of Package.swift"]
            }
            return file.imports.filter { ModuleOrder.ours.contains($0) && !target.contains("\"\($0)\"") }
                .map { "\(file.path) imports \($0), which Package.swift does not declare for \(module)" }
        }
    }
}
