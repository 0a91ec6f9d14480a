import Foundation
import TestSupport

/// Client certificates as somebody makes them who has the stock `openssl`, some of them with the coordinator's own key.
struct WrongCertificates {
    private let folder: URL

    init(_ fleet: Fleet) throws {
        folder = fleet.folder.appending(path: "certificates")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// A client's certificate for that agent; without an authority, by one that is made for it.
    func issue(_ name: String, agent id: String, authority: ClientIdentity? = nil, days: Int = 30) async throws
        -> ClientIdentity
    {
        let made = try await ProgramOutput.of(
            "sh",
            [
                "-c",
                #"""
                set -e
                cd "$1"; name=$2 id=$3 days=$4 ca=$5 cakey=$6
                if [ -z "$ca" ]; then
                  ca=$name-ca.pem cakey=$name-ca-key.pem
                  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$cakey" -out "$ca" \
                    -subj /CN=another -days 30 -addext basicConstraints=critical,CA:TRUE
                fi
                printf '%s\n' "subjectAltName=URI:urn:uuid:$id" extendedKeyUsage=clientAuth \
                  basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature > "$name.ext"
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$name-key.pem" \
                  -out "$name.csr" -subj /CN=agent
                openssl x509 -req -in "$name.csr" -CA "$ca" -CAkey "$cakey" -days "$days" -extfile "$name.ext" \
                  -out "$name.pem"
                """#,
                "sh", folder.path, name, id, "\(days)", authority?.certificate.path ?? "", authority?.key.path ?? "",
            ])
        guard made.status == 0 else { throw ServerFailure("openssl: \(made.error)") }
        return ClientIdentity(
            certificate: folder.appending(path: "\(name).pem"), key: folder.appending(path: "\(name)-key.pem"))
    }
}
