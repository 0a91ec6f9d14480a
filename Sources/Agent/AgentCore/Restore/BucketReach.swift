import Domain
import Foundation
import Wire

/// How a bucket is reached without a coordinator: as the environment says, and for the rest as the agent's own plan does, where
/// a destination of it has that bucket.
struct BucketReach: Sendable {
    let s3: Destination.S3
    /// Where that is from, for whoever restores.
    let words: String

    init(bucket: String, key: String, environment: [String: String], plan: CachedPlan, now: Date) {
        func variable(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        let endpoint = variable("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
        let alike = plan.plan.destinations.filter { $0.s3?.bucket == bucket }
        // Of two with one bucket the one in whose folder the key lies.
        let destination =
            alike.filter { key.hasPrefix($0.keyPrefix) }.max { $0.keyPrefix.count < $1.keyPrefix.count }
            ?? alike.first
        var planned = destination?.s3
        // At another store nothing else of the plan holds.
        if let endpoint, let other = planned, Self.isOther(endpoint, than: other) { planned = nil }
        var s3 = Destination.S3(
            bucket: bucket, region: variable("AWS_REGION", "AWS_DEFAULT_REGION") ?? planned?.region ?? "us-east-1",
            endpoint: endpoint ?? planned?.endpoint, pathStyle: planned?.pathStyle,
            caFile: variable("AWS_CA_BUNDLE") ?? planned?.caFile)
        s3.proxy = planned?.proxy
        s3.ways = planned?.ways
        self.s3 = s3
        let place = "\(s3.endpoint ?? "Amazon S3"), region \(s3.region)"
        if planned != nil, let destination {
            words =
                "\(bucket) is reached as destination \(destination.name) of this agent's plan (\(plan.words(now: now))): \(place)"
        } else if endpoint == nil, let trouble = plan.trouble {
            words =
                "\(bucket) is looked for at \(place); this agent's plan, which may say another, was not used: \(trouble)"
        } else if endpoint == nil {
            words =
                "\(bucket) is looked for at \(place): no destination of this agent's plan has it"
                + " (AWS_ENDPOINT_URL, AWS_REGION and AWS_CA_BUNDLE say another place, --data-dir another plan)"
        } else {
            words = "\(bucket) is looked for at \(place), as the environment says"
        }
    }

    private static func isOther(_ endpoint: String, than planned: Destination.S3) -> Bool {
        func bare(_ url: String) -> String { url.lowercased().trimmingCharacters(in: CharacterSet(charactersIn: "/")) }
        return planned.endpoint.map(bare) != bare(endpoint)
    }
}
